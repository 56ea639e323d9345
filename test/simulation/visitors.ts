/**
 * Visitors' names that Redis' HyperLogLog can all distinguish, so that its number of visitors is
 * exact. `simulation.test.ts` checks this with a Redis.
 */
import type { Kind } from '../../src/contract/history.ts';

/** How many there are of each kind on a day. */
export const EACH = 20;

/**
 * The ids of visitors of a kind on a day; none for bots and proxies, who have none. Each day has
 * others than the day before, as the day's salt makes them.
 */
export function visitorIds(kind: Kind, day: number): readonly string[] {
  if (kind !== 'person' && kind !== 'program') return [];
  return Array.from(
    { length: EACH },
    (_, number) => `${kind === 'person' ? 'p' : 'g'}${2 * number + (day % 2)}`,
  );
}
