/**
 * Time and randomness, passed in so that tests control them, and waiting by a clock: a pause, and
 * a short wait. Not here: operations that are retried (`retrying.ts`), and time limits by the
 * machine's clock (`deadline.ts`).
 */

/** Time and randomness of a process, or of a test. All times are in milliseconds. */
export interface Clock {
  /** A monotonic clock; only differences are meaningful. */
  now(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): void;
  /**
   * Resolves after one turn of the event loop, which handles everything that has arrived by now.
   */
  turn(): Promise<void>;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

/** Resolves after `ms` on the clock. Code that uses only the machine's time has `Bun.sleep`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** Waits up to `ms` for a result; returns `undefined` on a timeout or an error. Never fails. */
export function resultWithin<T>(
  answer: Promise<T>,
  clock: Clock,
  ms: number,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    clock.after(ms, () => resolve(undefined));
    answer.then(resolve, () => resolve(undefined));
  });
}
