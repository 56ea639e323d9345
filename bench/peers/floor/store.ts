/** The part of the minimal program that differs between databases: redis.ts, sqlite.ts, … */

/** One writer's connection to a store. */
export interface FloorStore {
  /**
   * Adds the visits of a batch to the total and to this hour, and returns the total, when both are
   * on disk together with the writer's record. A batch with the number of the last one was sent
   * again: it changes nothing, and gets the same total. Fails when nobody knows whether the batch
   * is stored, or when its number is neither that of the last one nor the next.
   */
  commit(sequence: number, visits: number): Promise<number>;
  close(): void;
}

/** The hour of now, since 1970. */
export const thisHour = () => Math.floor(Date.now() / 3_600_000);
