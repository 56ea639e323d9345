/**
 * Sums of each kind of visits per day, over days and hours: hours are folded into days later, and
 * that sum must be exact, too.
 *
 * Not here: how stores limit their own sums (`stores/`).
 */
import type { CounterHistory, HistoryEntry } from '../contract/history.ts';

/**
 * The history limited to sums that can be imported again: the total of a kind on a day, hours
 * included, stays within exact numbers. Otherwise one counter with extreme values would block the
 * whole export.
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
    visitors,
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
