/**
 * The items of a source: counters, and mistakes with their line and a correction.
 *
 * A source is read to its end even with mistakes, so that a person can correct all of them at
 * once.
 */
import type { ArchivedCounter } from '../contract/archive.ts';
import { RULES } from '../contract/registry.ts';
import { AppError } from '../counter/errors.ts';
import { COUNTER_NAME } from '../counter/name.ts';

export type Item =
  /** A counter, and the line on which it begins; 0 where there are no lines. */
  | { readonly archived: ArchivedCounter; readonly line: number }
  /** The mistake, and a correction. */
  | { readonly wrong: string; readonly line: number }
  /** A remark for the user. */
  | { readonly note: string };

/** A mistake in a source, with a message for the user. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** Returns the result of `work` as an item; a `SourceError` becomes an item, too. */
export function itemOf(line: number, work: () => ArchivedCounter): Item {
  try {
    return { archived: work(), line };
  } catch (error) {
    if (error instanceof SourceError) return { wrong: error.message, line };
    throw error;
  }
}

/** A number of things, in words: `1 total`, `1,200 totals`. */
export function countOf(count: number, one: string, more: string): string {
  return count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${more}`;
}

/** A counter with a total and no other data. */
export function counterWithTotal(counter: string, total: number): ArchivedCounter {
  const past = { hours: [], days: [], visitors: new Map<number, number>() };
  return { counter, total, madeAt: undefined, owner: undefined, rules: RULES, past };
}

/** A part of a source for messages: shortened, and without control characters for terminals. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).replace(
    /[\u007F-\u009F]/g,
    '?',
  );
}

/** The name of a counter. Fails with `SourceError`. */
export function readName(text: string): string {
  if (COUNTER_NAME.test(text)) return text;
  throw new SourceError(
    `${excerpt(text)} is not a counter name: write NAMESPACE/KEY, each 3 to 64 letters, digits, "_", "." or "-", as in my-site/page`,
  );
}

/**
 * The maximum number of counters in a source: each takes about 200 bytes of memory during the
 * check.
 */
export const COUNTERS_MAX = 2_000_000;

/** The items; a repeated counter becomes a mistake, because it is unclear which total is right. */
export async function* withoutRepeats(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const lines = new Map<string, number>();
  for await (const item of items) {
    if (!('archived' in item)) {
      yield item;
      continue;
    }
    const { archived, line } = item;
    const before = lines.get(archived.counter);
    if (before === undefined) {
      if (lines.size === COUNTERS_MAX) throw tooMany();
      lines.set(archived.counter, line);
      yield item;
    } else {
      yield { wrong: repeated(archived, before), line };
    }
  }
}

function repeated({ counter, total }: ArchivedCounter, before: number): string {
  return before === 0
    ? `two of these are called ${counter}: choose others with --keys, or rename one`
    : `${counter} stands in line ${before} already, and here with ${total}: neither is taken. ` +
        'Take one of the two out';
}

function tooMany(): AppError {
  const many = COUNTERS_MAX.toLocaleString('en');
  return new AppError('usage-invalid', `It has more than ${many} counters. Import it in parts.`);
}
