/** Time and chance, passed in so that tests own them. Times are milliseconds. */
export interface Clock {
  /** Never goes back; only differences mean anything. */
  now(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): void;
  /**
   * Resolves when all that has arrived at the process by now has been looked at: no time passes in
   * this.
   */
  turn(): Promise<void>;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

/** Resolves after `ms` on the clock. Where time is the machine's own, `Bun.sleep` does it. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
