/**
 * Visitors' quotas in Redis: one script (`lua/limit.lua`) for many at once, and one sorted set for
 * all visitors who have used part of theirs.
 */
import type { Division } from '../../contract/counting.ts';
import {
  LIMITED_MAX,
  type Limiter,
  type LimitRequest,
  type Verdict,
} from '../../contract/limiter.ts';
import { shareOf, verdictOf } from '../../counter/limits/rate-limit.ts';
import type { PartOptions } from '../part-options.ts';
import { limitsKey } from './keys.ts';
import limitScript from './lua/limit.lua' with { type: 'text' };
import { Script } from './script.ts';
import { askEach, divisionOf, partOf, type RedisShard, type RedisShards } from './shards.ts';

/** The arguments of `lua/limit.lua`, described there. */
interface LimitArguments {
  readonly now: number;
  readonly most: number;
  readonly wanted: readonly (string | number)[];
}

const LIMIT = new Script<LimitArguments>(limitScript);

export class RedisLimiter implements Limiter {
  readonly division: Division | undefined;
  readonly #shards: RedisShards;
  readonly #options: PartOptions;

  constructor(shards: RedisShards, options: PartOptions) {
    this.division = divisionOf(shards);
    this.#shards = shards;
    this.#options = options;
  }

  /** Each visitor's quotas are in one shard. */
  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    return askEach(
      this.#shards,
      wanted,
      ({ who }) => who,
      (shard, some) => this.#takeFrom(shard, some),
    );
  }

  async #takeFrom(shard: RedisShard, wanted: readonly LimitRequest[]): Promise<Verdict[]> {
    const nowUs = this.#options.now() * 1000;
    const args = {
      now: nowUs,
      most: partOf(this.#options.limitedMax ?? LIMITED_MAX, this.#shards),
      wanted: wanted.flatMap(({ who, limit, count = 1 }) => {
        const { oneUs, allUs } = shareOf(limit);
        return [`${limit.name}:${who}`, oneUs, allUs, count];
      }),
    };
    const keys = shard.keys(limitsKey(shard.tag));
    const answer = await shard.ask(
      (client) => LIMIT.run<readonly (readonly [boolean, number])[]>(client, keys, args),
      'hit-unconfirmed',
    );
    return wanted.map(({ limit }, index) => {
      const [allowed, fullAtUs] = answer[index] ?? [false, nowUs];
      return verdictOf(limit, { allowed, fullAtUs }, nowUs);
    });
  }
}
