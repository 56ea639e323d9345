/** Visitors' quotas in Redis: one script (`limit.lua`) for many of them, one key for each that has not all of it. */
import { type Limiter, shareOf, type Take, type Verdict, verdictOf } from '../counter/limiter.ts';
import limitScript from './limit.lua' with { type: 'text' };
import type { RedisConnection } from './redis-connection.ts';
import { limitKey } from './redis-keys.ts';
import { Script } from './redis-script.ts';

const LIMIT = new Script(limitScript);

export class RedisLimiter implements Limiter {
  readonly #connection: RedisConnection;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. */
  constructor(connection: RedisConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  async take(wanted: readonly Take[]): Promise<readonly Verdict[]> {
    if (wanted.length === 0) return [];
    const nowUs = this.#now() * 1000;
    const keys = wanted.map(({ who, limit }) => limitKey(limit.name, who));
    const args = wanted.map(({ limit }) => shareOf(limit)).flatMap(({ oneUs, allUs }) => [oneUs, allUs]);
    const answer = await this.#connection.ask(
      (client) => LIMIT.run(client, keys, [nowUs, ...args].map(String)),
      'hit-unconfirmed',
    );
    const words = answer.split(' ');
    return wanted.map(({ limit }, index) => {
      const [given, fullAt] = words.slice(index * 2);
      return verdictOf(limit, { allowed: given === '1', fullAtUs: Number(fullAt) }, nowUs);
    });
  }
}
