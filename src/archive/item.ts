/**
 * The items of a source: counters, and mistakes with their line and a correction. And functions
 * that read names and numbers as people, spreadsheets and badges write them.
 *
 * A source is read to its end even with mistakes, so that a person can correct all of them at
 * once.
 */

import { createHash } from 'node:crypto';
import type { ArchivedCounter } from '../contract/archive.ts';
import { RULES } from '../contract/registry.ts';
import { AppError } from '../counter/errors.ts';
import { COUNTER_NAME } from '../counter/name.ts';
import { COMMAND_LIMITS } from './limits.ts';

/** An item of a source. */
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

/** A mistake after its place: a predicate follows directly, a sentence after a colon. */
export function mistakeAt(place: string, mistake: string): string {
  const isPredicate = /^(is|has|does|says|comes) /.test(mistake);
  return isPredicate ? `${place} ${mistake}` : `${place}: ${mistake}`;
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
 * The items; a repeated counter becomes a mistake, because it is unclear which total is right.
 * Fails with `usage-invalid` when there are more than `max` counters.
 */
export async function* withoutRepeats(
  items: AsyncIterable<Item>,
  max = COMMAND_LIMITS.counters,
): AsyncGenerator<Item> {
  const lines = new Map<string, number>();
  for await (const item of items) {
    if (!('archived' in item)) {
      yield item;
      continue;
    }
    const { archived, line } = item;
    const before = lines.get(archived.counter);
    if (before === undefined) {
      if (lines.size === max) throw tooMany(max);
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
    : `${counter} is already in line ${before}, and has ${total} here: neither is imported. ` +
        'Remove one of the two';
}

function tooMany(max: number): AppError {
  const many = max.toLocaleString('en');
  return new AppError('usage-invalid', `It has more than ${many} counters. Import it in parts.`);
}

/**
 * Spaces that separate groups: narrow and non-breaking ones, as spreadsheets write them.
 */
const BLANKS = /[\u00A0\u2009\u202F]/g;

/**
 * A whole number that JSON carries exactly, with or without separators between its groups of
 * digits. `1.234` and `1,234` are refused: one country's thousand is another's fraction. Fails
 * with `SourceError`.
 */
export function readWhole(text: string, what: string): number {
  if (/^-?\d{1,3}[.,]\d{3}$/.test(text)) {
    const digits = text.replace(/[.,]/, '');
    throw new SourceError(
      `${excerpt(text)} is ambiguous: it may be the ${what} ${digits} or a fraction. Write digits only`,
    );
  }
  const sign = text.startsWith('-') ? '-' : '';
  const digits = withoutDigitGroups(text.slice(sign.length));
  if (digits === undefined || digits.length > 400) {
    const rounded = /^-?\d+([.,]\d+)?e\+?\d+$/i.test(text);
    throw new SourceError(
      rounded
        ? `${excerpt(text)} is not a ${what}: a spreadsheet has rounded it. Format the column as numbers without decimals`
        : `${excerpt(text)} is not a ${what}: write a whole number with digits only, as in 1234`,
    );
  }
  const number = Number(sign + digits);
  if (!Number.isSafeInteger(number)) {
    throw new SourceError(
      `${excerpt(text)} is out of range: a ${what} is between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`,
    );
  }
  // Normalises -0.
  return number === 0 ? 0 : number;
}

/**
 * The digits of `1,234,567`, `1.234.567`, `1 234 567`, `1’234’567` or `12,34,567`; `undefined` for
 * text that is not a whole number.
 */
export function withoutDigitGroups(written: string): string | undefined {
  if (/^\d+$/.test(written)) return written;
  const text = written.replace(BLANKS, ' ');
  const separator = /^\d{1,3}([.,'’ ])/.exec(text)?.[1];
  if (separator === undefined) return undefined;
  const groups = text.split(separator);
  const middle = groups.slice(1, -1);
  const even =
    middle.every((group) => /^\d{3}$/.test(group)) ||
    middle.every((group) => /^\d{2}$/.test(group));
  return even && /^\d{3}$/.test(groups.at(-1) ?? '') ? groups.join('') : undefined;
}

/** Whether a cell is meant as a number, well written or not. */
export function looksLikeNumber(text: string): boolean {
  return /^[-+]?\d[\d.,'’\s]*(e\+?\d+)?$/i.test(text);
}

const KEY_MAX = 64;
const KEY_MIN = 3;

/**
 * The key for a path: slashes at its ends are removed, and others become "-"; an empty path is
 * `index`. Invalid characters become "-", too, followed by a hash of the path, so that different
 * paths get different keys. Long paths also get a hash; short ones are padded with dots on the
 * left.
 *
 * The rule of `services/naming.ts` gives other keys, `a..b` for `/a/b`, and cannot replace this
 * one: an export that was imported before must name the same counters again, which pages show now.
 * Neither can this one replace that rule, because it gives `/a/b` and `/a-b` the same key.
 */
export function keyFor(path: string): string {
  const inside = path.replace(/^\/+|\/+$/g, '');
  if (inside === '') return 'index';
  const key = inside.replace(/\/+/g, '-');
  const allowed = key.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^-+|-+$/g, '');
  if (allowed === key && key.length <= KEY_MAX) return key.padStart(KEY_MIN, '.');
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 10);
  const room = KEY_MAX - hash.length - 1;
  return allowed === '' ? hash : `${allowed.slice(0, room)}-${hash}`;
}
