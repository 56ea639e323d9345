/** What a transaction does with visitors' quotas. Not here: the transaction. */

import { DAY_MS } from '../../contract/history.ts';
import { LIMITED_MAX, type LimitRequest, type Verdict } from '../../contract/limiter.ts';
import { takeOne, verdictOf } from '../../counter/rate-limit.ts';
import type { TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';

/** No clock that is right has noted down what is farther ahead: no window is longer than a day. */
const AHEAD_MAX_US = 2 * DAY_MS * 1000;
/**
 * How often those that are remembered are counted: SQLite reads a page for some hundred of them, 9
 * ms for 100,000. What other processes note down in between is not known here, so there may be a
 * few thousand more than `limitedMax`.
 */
const COUNT_MS = 1000;

export class SqliteLimits {
  readonly #limitedMax: number;
  /** How many more may be remembered, and when they were counted, in milliseconds since 1970. */
  #room = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** At most about `limitedMax` visitors are remembered. */
  constructor(limitedMax = LIMITED_MAX) {
    this.#limitedMax = limitedMax;
  }

  /**
   * Takes one of each and forgets who has all again. `at` is now, in milliseconds since 1970. To
   * be called in a transaction.
   */
  takeAll(
    file: SqliteFile,
    wanted: readonly LimitRequest[],
    at: number,
  ): TransactionResult<readonly Verdict[]> {
    const nowUs = at * 1000;
    let changed = false;
    const answer = wanted.map(({ who, limit }) => {
      const kept = file.limit.get(limit.name, who)?.fullAtUs;
      const taken = takeOne(limit, kept, nowUs);
      if (taken.fullAtUs !== kept && (kept !== undefined || this.#fits(file, at))) {
        file.keepLimit.run(limit.name, who, taken.fullAtUs);
        changed = true;
      }
      return verdictOf(limit, taken, nowUs);
    });
    if (changed) file.forgetLimits.run(nowUs, nowUs + AHEAD_MAX_US);
    return { answer, changed };
  }

  /** Whether one more visitor is to be remembered. */
  #fits(file: SqliteFile, at: number): boolean {
    if (Math.abs(at - this.#countedAt) >= COUNT_MS) {
      this.#room = this.#limitedMax - (file.limited.get()?.count ?? 0);
      this.#countedAt = at;
    }
    return --this.#room >= 0;
  }
}
