/**
 * Turns the front of a queue of hits into the changes of one batch: a pure function.
 *
 * Hits keep their order. Gathering stops at the first hit that does not fit, so nobody is overtaken, and the first hit
 * always fits. Not here: when to gather, and what happens to the batch.
 */
import type { Change } from './store.ts';

/** The most counters in one batch: keeps what the store does at one go to about a millisecond. */
export const BATCH_COUNTERS_MAX = 1000;

export interface Gathered {
  /** How many hits from the front of the queue are in it. */
  readonly taken: number;
  /** One per counter, in the order in which the counters were first hit. */
  readonly changes: readonly Change[];
  /** For each hit taken, the index of its change. */
  readonly places: readonly number[];
}

/**
 * Gathers from the front of `hits`. A batch moves a counter one way only: with that, and with safe integers before and
 * after, every number handed out in between is a safe integer too.
 */
export function gather(hits: readonly Change[]): Gathered {
  const placeOf = new Map<string, number>();
  const counters: string[] = [];
  const amounts: number[] = [];
  const places: number[] = [];
  for (const { counter, amount } of hits) {
    const place = placeOf.get(counter);
    if (place === undefined) {
      if (counters.length === BATCH_COUNTERS_MAX) break;
      placeOf.set(counter, counters.length);
      places.push(counters.length);
      counters.push(counter);
      amounts.push(amount);
    } else {
      const sum = (amounts[place] ?? 0) + amount;
      if (!Number.isSafeInteger(sum) || Math.sign(sum - amount) !== Math.sign(amount)) break;
      amounts[place] = sum;
      places.push(place);
    }
  }
  const changes = counters.map((counter, place) => ({ counter, amount: amounts[place] ?? 0 }));
  return { taken: places.length, changes, places };
}
