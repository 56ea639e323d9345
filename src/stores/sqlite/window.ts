/**
 * The windows of counters in a SQLite file: the rows of today's visitors tell when the visit of
 * each last counted. Not here: what a window does to a change (`counter/rules.ts`).
 */
import type { Change } from '../../contract/counting.ts';
import { DAY_MS } from '../../contract/history.ts';
import type { SqliteFile } from './file.ts';

/**
 * For each visitor, whether their first visit in the change counts: they visited, and no visit of
 * theirs counted within the window. `at` is now, in milliseconds since 1970.
 */
export function firstVisits(
  file: SqliteFile,
  { counter, visitors = [] }: Change,
  windowMs: number,
  at: number,
): boolean[] {
  return visitors.map(({ id, visits }) => {
    if (visits === 0) return false;
    const before = file.countedAt.get(dayOf(at), counter, id)?.counted_at;
    // A visit further ahead than the window came from a wrong clock.
    return before === null || before === undefined || Math.abs(at - before) >= windowMs;
  });
}

/** Records the time for each visitor whose visit counted. */
export function noteVisits(
  file: SqliteFile,
  { counter, visitors = [] }: Change,
  counted: readonly boolean[],
  at: number,
): void {
  visitors.forEach(({ id }, index) => {
    if (counted[index]) file.noteCounted.run(dayOf(at), counter, id, at);
  });
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}
