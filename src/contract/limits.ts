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
   * of it. All stores keep those of counters with a window; SQLite and PostgreSQL also keep all
   * visitors of a day.
   */
  readonly visitorsMax: number;
  /** Whether a hit creates a missing counter. */
  readonly hitsMake: boolean;
  /** The maximum number of counters. */
  readonly countersMax: number;
  /** The maximum number of stored visitors with a partly used quota; `LIMITED_MAX` by default. */
  readonly limitedMax?: number | undefined;
}
