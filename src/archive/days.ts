/**
 * Hours, days and moments as exports write them (ISO 8601, in UTC), and sums of visits per day.
 *
 * A sum is of one kind of visits, over days and hours: hours are folded into days later, and that
 * sum must be exact, too. Not here: how stores limit their own sums (`stores/`).
 */
import { type CounterHistory, DAY_MS, type HistoryEntry, HOUR_MS } from '../contract/history.ts';
import { excerpt, SourceError } from './item.ts';

/** The end of the last year that visits may be of, in milliseconds since 1970. */
const END_MS = Date.UTC(10_000, 0);

/** The hour since 1970 as `2026-11-22T13:00Z`. */
export function hourName(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().replace(/:00\.000Z$/, 'Z');
}

/** The day since 1970 as `2026-11-22`. */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().replace(/T.*$/, '');
}

/** `2026-11-22T13:00Z` as the hour since 1970. Fails with `SourceError`. */
export function readHour(name: string): number {
  const hour = Date.parse(name) / HOUR_MS;
  if (Number.isInteger(hour) && hourName(hour) === name) {
    checkYear(hour * HOUR_MS, name);
    return hour;
  }
  throw new SourceError(`${excerpt(name)} is not an hour: write it as in 2026-11-22T13:00Z`);
}

/** `2026-11-22` as the day since 1970. Fails with `SourceError`. */
export function readDay(name: string): number {
  const day = Date.parse(name) / DAY_MS;
  if (Number.isInteger(day) && dayName(day) === name) {
    checkYear(day * DAY_MS, name);
    return day;
  }
  throw new SourceError(`${excerpt(name)} is not a day: write it as in 2026-11-22`);
}

/**
 * Fails with `SourceError` for a time of visits before 1970 or after 9999: not every store could
 * keep it. `text` is the time as the source has it, for the message; by default ISO 8601.
 */
export function checkYear(moment: number, text?: string): void {
  if (moment >= 0 && moment < END_MS) return;
  const shown = excerpt(text ?? new Date(moment).toISOString());
  throw new SourceError(`${shown} is not in the years 1970 to 9999`);
}

/** An ISO 8601 time as milliseconds since 1970. Fails with `SourceError`. */
export function readMoment(text: string): number {
  const moment = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(moment))
    throw new SourceError(
      `${excerpt(text)} is not a time: write it as in 2026-11-22T13:05:59.000Z`,
    );
  return moment;
}

/**
 * The history limited to sums that can be imported again: the total of a kind on a day, hours
 * included, and the visitors of a day stay within exact numbers. Otherwise one counter with
 * extreme values would block the whole export.
 */
export function withinExactSums({ hours, days, visitors }: CounterHistory): CounterHistory {
  const sums = new Map<string, number>();
  const fit = (day: number, added: HistoryEntry): HistoryEntry => {
    const key = `${day} ${added.kind}`;
    const before = sums.get(key) ?? 0;
    const after = Math.max(
      Math.min(before + added.amount, Number.MAX_SAFE_INTEGER),
      Number.MIN_SAFE_INTEGER,
    );
    sums.set(key, after);
    return { ...added, amount: after - before };
  };
  return {
    days: days.map((day) => fit(day.at, day)),
    hours: hours.map((hour) => fit(Math.floor(hour.at / 24), hour)),
    visitors: new Map(
      [...visitors].map(([day, count]) => [day, Math.min(count, Number.MAX_SAFE_INTEGER)]),
    ),
  };
}

/**
 * The first day (since 1970) on which the sum of a kind exceeds the exact numbers; `undefined`
 * when there is none.
 */
export function firstInexactDay({ hours, days }: CounterHistory): number | undefined {
  const sums = new Map<string, number>();
  for (const { at, kind, amount } of [
    ...days,
    ...hours.map((hour) => ({ ...hour, at: Math.floor(hour.at / 24) })),
  ]) {
    const sum = (sums.get(`${at} ${kind}`) ?? 0) + amount;
    sums.set(`${at} ${kind}`, sum);
    if (!Number.isSafeInteger(sum)) return at;
  }
  return undefined;
}
