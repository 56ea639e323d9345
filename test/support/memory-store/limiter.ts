/** Visitors' quotas in memory. */
import {
  LIMITED_MAX,
  type Limiter,
  type LimitRequest,
  type Verdict,
} from '../../../src/contract/limiter.ts';
import { takeFrom, verdictOf } from '../../../src/counter/limits/rate-limit.ts';
import type { MemoryConnection } from './database.ts';

export class MemoryLimiter implements Limiter {
  readonly #connection: MemoryConnection;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  async take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    this.#connection.refuseIfClosed();
    const { limits, limitedMax = LIMITED_MAX, now } = this.#connection.database;
    const nowUs = now() * 1000;
    for (const [name, fullAtUs] of limits) if (fullAtUs <= nowUs) limits.delete(name);
    return wanted.map(({ who, limit, count = 1 }) => {
      const name = `${limit.name} ${who}`;
      const taken = takeFrom(limit, limits.get(name), nowUs, count);
      if (limits.has(name) || limits.size < limitedMax) limits.set(name, taken.fullAtUs);
      return verdictOf(limit, taken, nowUs);
    });
  }
}
