/**
 * Visitors' quotas in Redis: one script (`lua/limit.lua`) for many at once, and one sorted set for
 * all visitors who have used part of theirs.
 */
import {
  LIMITED_MAX,
  type Limiter,
  type LimitRequest,
  type Verdict,
} from '../../contract/limiter.ts';
import { shareOf, verdictOf } from '../../counter/rate-limit.ts';
import type { PartOptions } from '../part-options.ts';
import type { RedisConnection } from './connection.ts';
import { LIMITS } from './keys.ts';
import limitScript from './lua/limit.lua' with { type: 'text' };
import { Script } from './script.ts';

/** The arguments of `lua/limit.lua`, described there. */
interface LimitArguments {
  readonly now: number;
  readonly most: number;
  readonly wanted: readonly (string | number)[];
}

const LIMIT = new Script<LimitArguments>(limitScript);

export class RedisLimiter implements Limiter {
  readonly #connection: RedisConnection;
  readonly #options: PartOptions;

  constructor(connection: RedisConnection, options: PartOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    if (wanted.length === 0) return [];
    const nowUs = this.#options.now() * 1000;
    const args = {
      now: nowUs,
      most: this.#options.limitedMax ?? LIMITED_MAX,
      wanted: wanted.flatMap(({ who, limit, count = 1 }) => {
        const { oneUs, allUs } = shareOf(limit);
        return [`${limit.name}:${who}`, oneUs, allUs, count];
      }),
    };
    const answer = await this.#connection.ask(
      (client) => LIMIT.run<readonly (readonly [boolean, number])[]>(client, [LIMITS], args),
      'hit-unconfirmed',
    );
    return wanted.map(({ limit }, index) => {
      const [allowed, fullAtUs] = answer[index] ?? [false, nowUs];
      return verdictOf(limit, { allowed, fullAtUs }, nowUs);
    });
  }
}
