/** Time and randomness, passed in so that tests control them. Times are in milliseconds. */
export interface Clock {
  /** A monotonic clock; only differences are meaningful. */
  now(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): void;
  /**
   * Resolves when the event loop has handled everything that has arrived by now; it does not wait.
   */
  turn(): Promise<void>;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

/** Resolves after `ms` on the clock. Where time is the machine's own, `Bun.sleep` does it. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
