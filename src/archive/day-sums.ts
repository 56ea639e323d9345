/**
 * What each kind of visits comes to on a day, days and hours together: hours become days one day,
 * and that sum has to be exact, too.
 *
 * Not here: how the store keeps its own figures within numbers, which is `stores/`.
 */
import type { CounterHistory, HistoryEntry } from '../contract/history.ts';

/**
 * The same as far as it can be brought back: what a kind of visits has come to on a day, hours and
 * all, stays where a number ends. Otherwise one counter that somebody has driven there would keep
 * all from going out.
 */
export function fitting({ hours, days, visitors }: CounterHistory): CounterHistory {
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
 * The first day (since 1970) on which a kind comes to more than a number carries; `undefined` when
 * there is none.
 */
export function sumTooMuch({ hours, days }: CounterHistory): number | undefined {
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
