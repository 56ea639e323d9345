/** Visitors' quotas in PostgreSQL: one call of a function (`sql/limits.sql`) for many visitors. */
import {
  LIMITED_MAX,
  type Limiter,
  type LimitRequest,
  type Verdict,
} from '../../contract/limiter.ts';
import { shareOf, verdictOf } from '../../counter/limits/rate-limit.ts';
import type { PartOptions } from '../part-options.ts';
import type { PostgresDatabase } from './connection.ts';

export class PostgresLimiter implements Limiter {
  readonly #database: PostgresDatabase;
  readonly #options: PartOptions;

  constructor(database: PostgresDatabase, options: PartOptions) {
    this.#database = database;
    this.#options = options;
  }

  async take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    if (wanted.length === 0) return [];
    const nowUs = this.#options.now() * 1000;
    const args = {
      now: nowUs,
      most: this.#options.limitedMax ?? LIMITED_MAX,
      wanted: wanted.map(({ who, limit, count = 1 }) => {
        const { oneUs, allUs } = shareOf(limit);
        return { limit: limit.name, who, one: oneUs, all: allUs, count };
      }),
    };
    const taken = await this.#database.call<readonly (readonly [boolean, number])[]>(
      'limits',
      'take',
      args,
      'hit-unconfirmed',
    );
    return wanted.map(({ limit }, index) => {
      const [allowed, fullAtUs] = taken[index] ?? [false, nowUs];
      return verdictOf(limit, { allowed, fullAtUs }, nowUs);
    });
  }
}
