/**
 * Reads the history of visits from Redis, and stores the salts of days.
 *
 * Not here: writing the history, which `lua/history.lua` does; it also names the keys.
 */

import { type CounterHistory, DAY_MS, type History, HOUR_MS } from '../../contract/history.ts';
import { folded } from '../../counter/folding.ts';
import type { PartOptions } from '../part-options.ts';
import type { RedisConnection } from './connection.ts';
import { historyIn, readDumps } from './dump.ts';

export class RedisHistory implements History {
  /** https://redis.io/docs/latest/develop/data-types/probabilistic/hyperloglogs/ */
  readonly visitorsError = 0.0081;
  readonly #connection: RedisConnection;
  readonly #now: PartOptions['now'];

  constructor(connection: RedisConnection, now: PartOptions['now']) {
    this.#connection = connection;
    this.#now = now;
  }

  async read(counter: string): Promise<CounterHistory> {
    const [dump] = await this.#connection.ask(
      (client) => readDumps(client, [counter], 1),
      'store-unavailable',
    );
    const past = dump ? historyIn(dump) : { hours: [], days: [], visitors: new Map() };
    // Commits fold a little at a time.
    return folded(past, Math.floor(this.#now() / HOUR_MS));
  }

  async salt(day: number, suggested: string): Promise<string> {
    const key = `seen:salt:${day}`;
    // An hour longer than the day, because a replica's clock may be behind.
    const leftMs = Math.max(HOUR_MS, (day + 1) * DAY_MS + HOUR_MS - this.#now());
    const kept = await this.#connection.ask(async (client) => {
      await client.set(key, suggested, {
        condition: 'NX',
        expiration: { type: 'PX', value: leftMs },
      });
      return client.get(key);
    }, 'hit-unconfirmed');
    return kept ?? suggested;
  }
}
