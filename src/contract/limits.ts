/**
 * How much a store may keep, so that no visitor can fill it. The settings name the numbers
 * (docs/settings.md); each part of a store takes the limits that it enforces.
 *
 * Not here: how many requests one visitor may send (`limiter.ts`).
 */
export interface StoreLimits {
  /** How many keys of requests are remembered at the most. */
  readonly keysMax: number;
  /**
   * How many visitors are remembered at the most, of all counters together; of one counter a
   * quarter of that. SQLite remembers those of a day, Redis those of counters with a window.
   */
  readonly visitorsMax: number;
  /** Whether a hit makes a counter that is not there. */
  readonly hitsMake: boolean;
  /** How many counters there may be. */
  readonly countersMax: number;
  /**
   * How many visitors with less than all of a quota are remembered at the most; without it
   * `LIMITED_MAX`.
   */
  readonly limitedMax?: number | undefined;
}
