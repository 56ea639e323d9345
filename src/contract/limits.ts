/**
 * The limits on the data of a store, so that no visitor can fill it. The settings have the numbers
 * (docs/settings.md), and each part of a store enforces some of them.
 *
 * Not here: how many requests one visitor may send (`limiter.ts`).
 */
export interface StoreLimits {
  /** The maximum number of stored keys of requests. */
  readonly keysMax: number;
  /**
   * The maximum number of stored visitors of all counters together; one counter may have a quarter
   * of it. SQLite stores those of a day, Redis those of counters with a window.
   */
  readonly visitorsMax: number;
  /** Whether a hit creates a missing counter. */
  readonly hitsMake: boolean;
  /** The maximum number of counters. */
  readonly countersMax: number;
  /** The maximum number of stored visitors who have used part of a quota; else `LIMITED_MAX`. */
  readonly limitedMax?: number | undefined;
}
