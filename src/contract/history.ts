/**
 * The history of a counter: the visits of each hour and day by kind, and the number of visitors of
 * each day.
 *
 * Hours are kept for a while, so that days can be computed in any time zone. Then they are folded
 * into UTC days, which are kept forever. `test/contract/history-contract.ts` is this contract as a
 * suite. Not here: writing it, which is part of the commit.
 */

/**
 * The kind of a visit:
 * - `person`: probably a browser
 * - `program`: calls an API: curl, a library, any client that does not claim to be a browser
 * - `proxy`: fetches for many people, whose addresses it hides: image proxies of GitHub, of mail
 *   services
 * - `bot`: crawlers, monitors, previews
 */
export type Kind = 'person' | 'program' | 'proxy' | 'bot';
/** All kinds, in the order of the columns of a history as CSV. */
export const KINDS: readonly Kind[] = ['person', 'program', 'proxy', 'bot'];

export const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;
/** The number of days for which hours are kept: a month in any time zone, and a few more. */
export const HOURS_KEPT_DAYS = 35;

/** The amount that visits of one kind have added in one hour, or on one day. */
export interface HistoryEntry {
  /** The number of the hour, or of the day, since 1970 (UTC). */
  readonly at: number;
  readonly kind: Kind;
  readonly amount: number;
}

/** The stored history of one counter. */
export interface CounterHistory {
  readonly hours: readonly HistoryEntry[];
  /** Days whose hours are not kept any more. */
  readonly days: readonly HistoryEntry[];
  /** The number of visitors of each day, by the number of the day since 1970 (UTC). */
  readonly visitors: ReadonlyMap<number, number>;
}

/**
 * The most counters in one call of `History.recent`, for one day. For more days pass fewer: this
 * number divided by the days, or by `HOURS_KEPT_DAYS` if that is less. Each counter and day has at
 * most 96 figures, so one call reads at most 9,600, in a few milliseconds.
 */
export const RECENT_AT_ONCE = 100;

/** The part of a store that keeps the history. */
export interface History {
  /**
   * The relative standard error of the number of visitors of a day; 0.0081 is less than one
   * percent.
   */
  readonly visitorsError: number;

  /**
   * The history of a counter; empty where there is none. Fails with `store-unavailable`,
   * `store-unusable`.
   */
  read(counter: string): Promise<CounterHistory>;

  /**
   * For each counter, in order, the visits on the UTC days from `firstDay` to `lastDay` (since
   * 1970), by day and of all kinds; days without visits are left out. Sums stop at the largest
   * exact number. This may block the database, so pass few counters (`RECENT_AT_ONCE`). Fails as
   * `read` does.
   */
  recent(
    counters: readonly string[],
    firstDay: number,
    lastDay: number,
  ): Promise<readonly ReadonlyMap<number, number>[]>;

  /**
   * The salt of this day (since 1970, UTC), the same for all callers: `suggested`, unless an
   * earlier call suggested one. Salts older than the previous day are deleted. Fails as `read`
   * does, and with `hit-unconfirmed`, and may then be repeated.
   */
  salt(day: number, suggested: string): Promise<string>;
}
