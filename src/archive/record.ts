/**
 * A counter as a record: the content of one line of an export, and its validation on import.
 *
 * Default values are left out, times are ISO 8601 in UTC, and all parts are sorted, so that
 * exports can be compared. Unknown fields are refused, because their meaning would be lost.
 */
import type { ArchivedCounter } from '../contract/archive.ts';
import { type HistoryEntry, KINDS, type Kind } from '../contract/history.ts';
import { RULES, type Rules } from '../contract/registry.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import {
  dayName,
  firstInexactDay,
  hourName,
  readDay,
  readHour,
  readMoment,
  withinExactSums,
} from './days.ts';
import {
  asFields,
  asText,
  asWhole,
  readHash,
  readLink,
  readTitle,
  refuseUnknown,
} from './fields.ts';
import { excerpt, readName, SourceError } from './item.ts';

type Amounts = Readonly<Partial<Record<string, number>>>;

/** The record of a counter. */
export interface CounterRecord {
  readonly counter: string;
  readonly total: number;
  readonly made?: string;
  /** The SHA-256 of its owner's token. */
  readonly ownerHash?: string;
  readonly title?: string;
  readonly link?: string;
  /** The rules that differ from the default. */
  readonly rules?: Partial<Rules>;
  readonly hours?: Readonly<Record<string, Amounts>>;
  readonly days?: Readonly<Record<string, Amounts>>;
  readonly visitors?: Readonly<Record<string, number>>;
}

/** The record of a counter. */
export function recordOf({
  counter,
  total,
  madeAt,
  owner,
  title,
  link,
  rules,
  past: kept,
}: ArchivedCounter): CounterRecord {
  const past = withinExactSums(kept);
  const unusual = Object.entries(rules).filter(
    ([rule, value]) => value !== RULES[rule as keyof Rules],
  );
  const visitors = [...past.visitors].toSorted(([a], [b]) => a - b);
  return {
    counter,
    total,
    ...(madeAt !== undefined && { made: new Date(madeAt).toISOString() }),
    ...(owner !== undefined && { ownerHash: owner }),
    ...(title !== undefined && { title }),
    ...(link !== undefined && { link }),
    ...(unusual.length > 0 && { rules: Object.fromEntries(unusual) }),
    ...(past.hours.length > 0 && { hours: byTime(past.hours, hourName) }),
    ...(past.days.length > 0 && { days: byTime(past.days, dayName) }),
    ...(visitors.length > 0 && {
      visitors: Object.fromEntries(visitors.map(([day, count]) => [dayName(day), count])),
    }),
  };
}

function byTime(
  added: readonly HistoryEntry[],
  name: (at: number) => string,
): Record<string, Amounts> {
  const order = (kind: Kind) => KINDS.indexOf(kind);
  const times: Record<string, Record<string, number>> = {};
  for (const { at, kind, amount } of added.toSorted(
    (a, b) => a.at - b.at || order(a.kind) - order(b.kind),
  )) {
    (times[name(at)] ??= {})[kind] = amount;
  }
  return times;
}

/** All fields of a record. */
const FIELDS = 'counter total made ownerHash title link rules hours days visitors'.split(' ');

/** The counter of a record. Fails with `SourceError`. */
export function readRecord(record: unknown): ArchivedCounter {
  const fields = asFields(record, 'a counter');
  refuseUnknown(fields, FIELDS);
  const past = {
    hours: readAmounts(fields['hours'], readHour),
    days: readAmounts(fields['days'], readDay),
    visitors: readVisitors(fields['visitors']),
  };
  const day = firstInexactDay(past);
  if (day !== undefined) {
    throw new SourceError(`the sum for ${dayName(day)} is larger than ${Number.MAX_SAFE_INTEGER}`);
  }
  const counter = readName(asText(fields['counter'], 'counter'));
  return {
    counter,
    total: asWhole(fields['total'], 'total'),
    madeAt: fields['made'] === undefined ? undefined : readMoment(asText(fields['made'], 'made')),
    owner:
      fields['ownerHash'] === undefined
        ? undefined
        : readHash(asText(fields['ownerHash'], 'ownerHash')),
    title: fields['title'] === undefined ? undefined : readTitle(asText(fields['title'], 'title')),
    link: fields['link'] === undefined ? undefined : readLink(asText(fields['link'], 'link')),
    rules: readRules(fields['rules'], counter),
    past,
  };
}

function readAmounts(value: unknown, read: (name: string) => number): HistoryEntry[] {
  if (value === undefined) return [];
  return Object.entries(asFields(value, 'hours and days')).flatMap(([name, amounts]) => {
    const at = read(name);
    return Object.entries(asFields(amounts, name)).map(([kind, amount]) => {
      if (!KINDS.includes(kind as Kind))
        throw new SourceError(`${excerpt(kind)} is not one of ${KINDS.join(', ')}`);
      return { at, kind: kind as Kind, amount: asWhole(amount, `amount of ${name}`) };
    });
  });
}

function readVisitors(value: unknown): Map<number, number> {
  if (value === undefined) return new Map();
  return new Map(
    Object.entries(asFields(value, 'visitors')).map(([name, count]) => {
      const visitors = asWhole(count, `visitors of ${name}`);
      if (visitors < 0)
        throw new SourceError(`${name} had ${visitors} visitors: the number cannot be negative`);
      return [readDay(name), visitors];
    }),
  );
}

function readRules(value: unknown, counter: string): Rules {
  if (value === undefined) return RULES;
  const fields = asFields(value, 'rules');
  refuseUnknown(fields, Object.keys(RULES));
  for (const [rule, given] of Object.entries(fields)) {
    if (
      typeof given !== typeof RULES[rule as keyof Rules] ||
      (typeof given === 'number' && !Number.isSafeInteger(given))
    ) {
      // Lists and objects are not shown, because converting nested ones to text recurses without
      // limit.
      const isPlain =
        typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean';
      const what = isPlain ? excerpt(String(given)) : 'empty, a list or an object';
      throw new SourceError(`the rule ${rule} cannot be ${what}`);
    }
  }
  const rules = { ...RULES, ...fields } as Rules;
  if (rules.lowest > rules.highest)
    throw new SourceError('the rule lowest is greater than the rule highest');
  if (rules.windowMs < 0) throw new SourceError('the rule windowMs is less than 0');
  if (rules.private && counter === DEFAULT_COUNTER)
    throw new SourceError(
      `the counter ${counter} cannot be private: / shows its number to everybody`,
    );
  return rules;
}
