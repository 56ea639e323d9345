/**
 * Visitors' quotas in a SQLite file: a row for each visitor who has used part of one.
 *
 * Not here: the arithmetic of a quota (`counter/limits/rate-limit.ts`).
 */
import { DAY_MS } from '../../contract/history.ts';
import {
  LIMITED_MAX,
  type Limiter,
  type LimitRequest,
  type Verdict,
} from '../../contract/limiter.ts';
import { takeFrom, verdictOf } from '../../counter/limits/rate-limit.ts';
import type { PartOptions } from '../part-options.ts';
import type { SqliteDatabase, TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';

/** Times further ahead come from a wrong clock, because no window is longer than a day. */
const AHEAD_MAX_US = 2 * DAY_MS * 1000;
/**
 * The interval at which the rows are counted: SQLite reads a page for some hundred of them, 9 ms
 * for 100,000. Rows that other processes add in between are not known here, so there may be a few
 * thousand more than `limitedMax`.
 */
const COUNT_MS = 1000;

export class SqliteLimiter implements Limiter {
  readonly #database: SqliteDatabase;
  readonly #options: PartOptions;
  /** How many rows may be added, and when rows were counted, in milliseconds since 1970. */
  #rowsLeft = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(database: SqliteDatabase, options: PartOptions) {
    this.#database = database;
    this.#options = options;
  }

  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    return this.#database.write((file) => this.#takeAll(file, wanted, this.#options.now()), {
      synced: false,
    });
  }

  /** Takes from each quota, and deletes rows of full quotas, in a transaction. */
  #takeAll(
    file: SqliteFile,
    wanted: readonly LimitRequest[],
    at: number,
  ): TransactionResult<readonly Verdict[]> {
    const nowUs = at * 1000;
    let changed = false;
    const answer = wanted.map(({ who, limit, count = 1 }) => {
      const kept = file.limit.get(limit.name, who)?.fullAtUs;
      const taken = takeFrom(limit, kept, nowUs, count);
      if (taken.fullAtUs !== kept && (kept !== undefined || this.#fits(file, at))) {
        file.keepLimit.run(limit.name, who, taken.fullAtUs);
        changed = true;
      }
      return verdictOf(limit, taken, nowUs);
    });
    if (changed) file.forgetLimits.run(nowUs, nowUs + AHEAD_MAX_US);
    return { answer, changed };
  }

  /** Whether a row may be added. */
  #fits(file: SqliteFile, at: number): boolean {
    if (Math.abs(at - this.#countedAt) >= COUNT_MS) {
      const { limitedMax = LIMITED_MAX } = this.#options;
      this.#rowsLeft = limitedMax - (file.limited.get()?.count ?? 0);
      this.#countedAt = at;
    }
    return --this.#rowsLeft >= 0;
  }
}
