/** Old hours of a counter's history become days. */
import { type CounterHistory, type HistoryEntry, HOURS_KEPT_DAYS } from '../contract/history.ts';

/**
 * The past with its hours folded into days where they are older than hours are kept. `hour` is the
 * present one, since 1970. A figure stays within the range of exact numbers.
 */
export function folded({ hours, days, visitors }: CounterHistory, hour: number): CounterHistory {
  const first = hour - HOURS_KEPT_DAYS * 24;
  const old = hours.filter(({ at }) => at < first);
  if (old.length === 0) return { hours, days, visitors };
  const sums = new Map<string, HistoryEntry>();
  for (const { at, kind, amount } of [
    ...days,
    ...old.map((added) => ({ ...added, at: Math.floor(added.at / 24) })),
  ]) {
    const sum = (sums.get(`${at} ${kind}`)?.amount ?? 0) + amount;
    const exact = Math.min(Math.max(sum, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    sums.set(`${at} ${kind}`, { at, kind, amount: exact });
  }
  return { hours: hours.filter(({ at }) => at >= first), days: [...sums.values()], visitors };
}
