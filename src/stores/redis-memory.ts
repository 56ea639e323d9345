/** What Redis remembers of visits, read back; and the salts of days. Writing is in `commit.lua`, which names the keys. */
import { folded } from '../counter/archive.ts';
import { type Added, DAY_MS, HOUR_MS, type Memory, type Past } from '../counter/past.ts';
import { KINDS } from '../counter/visitor.ts';
import type { RedisConnection } from './redis-connection.ts';
import { KIND_LETTERS, recordKey } from './redis-keys.ts';

export class RedisMemory implements Memory {
  /** https://redis.io/docs/latest/develop/data-types/probabilistic/hyperloglogs/ */
  readonly visitorsError = 0.0081;
  readonly #connection: RedisConnection;
  readonly #now: () => number;

  constructor(connection: RedisConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  async past(counter: string): Promise<Past> {
    const [hours, days, uniques, today, visitors] = await this.#connection.ask(
      (client) =>
        Promise.all([
          client.hGetAll(`seen:hours:${counter}`),
          client.hGetAll(`seen:days:${counter}`),
          client.hGetAll(`seen:uniques:${counter}`),
          client.hGet(recordKey(counter), 'day'),
          client.pfCount(`seen:visitors:${counter}`),
        ]),
      'store-unavailable',
    );
    const past = {
      hours: added(hours),
      days: added(days),
      visitors: visitorsOf(uniques, today ?? '', visitors),
    };
    // Commits fold a little at a time.
    return folded(past, Math.floor(this.#now() / HOUR_MS));
  }

  async salt(day: number, suggested: string): Promise<string> {
    const key = `seen:salt:${day}`;
    // An hour longer than the day: a replica's clock may be behind.
    const leftMs = Math.max(HOUR_MS, (day + 1) * DAY_MS + HOUR_MS - this.#now());
    const kept = await this.#connection.ask(async (client) => {
      await client.set(key, suggested, { condition: 'NX', expiration: { type: 'PX', value: leftMs } });
      return client.get(key);
    }, 'hit-unconfirmed');
    return kept ?? suggested;
  }
}

/**
 * How many visitors each day had: what is noted down of days, and on the day of which the visitors themselves are known, if there is one, as
 * many more. Of that day something is noted down where it was brought from elsewhere.
 */
export function visitorsOf(
  uniques: Readonly<Record<string, string>>,
  today: string,
  visitors: number,
): Map<number, number> {
  const counts = new Map(Object.entries(uniques).map(([day, count]) => [Number(day), Number(count)]));
  if (today !== '' && visitors > 0) counts.set(Number(today), (counts.get(Number(today)) ?? 0) + visitors);
  return counts;
}

/** Fields `497821p` and their values. What is something else is left out. */
export function added(fields: Readonly<Record<string, string>>): Added[] {
  return Object.entries(fields).flatMap(([field, amount]) => {
    const kind = KINDS.find((one) => KIND_LETTERS[one] === field.slice(-1));
    const at = Number(field.slice(0, -1));
    return kind === undefined || !Number.isInteger(at) ? [] : [{ at, kind, amount: Number(amount) }];
  });
}
