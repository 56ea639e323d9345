/** Folds old hours of a counter's history into days. */
import { type CounterHistory, type HistoryEntry, HOURS_KEPT_DAYS } from '../contract/history.ts';

/**
 * The history with hours beyond their retention time folded into days. `hour` is the current hour
 * since 1970. Sums are limited to the range of exact numbers.
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
