/**
 * What Redis remembers of visits, read back; and the salts of days. Writing is in
 * `lua/commit.lua`, which names the keys.
 */

import {
  type CounterHistory,
  DAY_MS,
  type History,
  type HistoryEntry,
  HOUR_MS,
  KINDS,
  type Kind,
} from '../../contract/history.ts';
import { folded } from '../../counter/folding.ts';
import type { RedisConnection } from './connection.ts';
import { KIND_LETTERS, recordKey } from './keys.ts';
import { Script } from './script.ts';

export class RedisHistory implements History {
  /** https://redis.io/docs/latest/develop/data-types/probabilistic/hyperloglogs/ */
  readonly visitorsError = 0.0081;
  readonly #connection: RedisConnection;
  readonly #now: () => number;

  constructor(connection: RedisConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  async past(counter: string): Promise<CounterHistory> {
    const [[hours = '', days = '', uniques = ''], today, visitors] = await this.#connection.ask(
      (client) =>
        Promise.all([
          ALL_FIELDS.run<readonly string[]>(
            client,
            ['hours', 'days', 'uniques'].map((hash) => `seen:${hash}:${counter}`),
            [],
          ),
          client.hGet(recordKey(counter), 'day'),
          client.pfCount(`seen:visitors:${counter}`),
        ]),
      'store-unavailable',
    );
    const past = {
      hours: added(pairsIn(hours)),
      days: added(pairsIn(days)),
      visitors: visitorsOf(Object.fromEntries(pairsIn(uniques)), today ?? '', visitors),
    };
    // Commits fold a little at a time.
    return folded(past, Math.floor(this.#now() / HOUR_MS));
  }

  async salt(day: number, suggested: string): Promise<string> {
    const key = `seen:salt:${day}`;
    // An hour longer than the day: a replica's clock may be behind.
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

/**
 * How many visitors each day had: what is noted down of days, and on the day of which the visitors
 * themselves are known, if there is one, as many more. Of that day something is noted down where
 * it was brought from elsewhere.
 */
export function visitorsOf(
  uniques: Readonly<Record<string, string>>,
  today: string,
  visitors: number,
): Map<number, number> {
  const counts = new Map(
    Object.entries(uniques).map(([day, count]) => [Number(day), Number(count)]),
  );
  if (today !== '' && visitors > 0)
    counts.set(Number(today), (counts.get(Number(today)) ?? 0) + visitors);
  return counts;
}

/**
 * All fields of some hashes and their values: of each hash one string, in which each field and
 * each value is a line. A full counter has 3,360 hours, which as 6,720 short strings took the
 * client 3.1 ms of CPU time. One long string takes it 0.6 ms, and Redis 1 ms more. After ten years
 * it has four times as many days.
 */
const ALL_FIELDS = new Script(`
  local all = {}
  for index, key in ipairs(KEYS) do all[index] = table.concat(redis.call('HGETALL', key), '\\n') end
  return all
`);

/** What `ALL_FIELDS` answers, as fields with their values. */
function* pairsIn(text: string): Generator<readonly [string, string]> {
  const words = text.split('\n');
  for (let at = 0; at + 1 < words.length; at += 2) yield [words[at] ?? '', words[at + 1] ?? ''];
}

const KINDS_BY_LETTER: ReadonlyMap<string, Kind> = new Map(
  KINDS.map((kind) => [KIND_LETTERS[kind], kind]),
);

/** Fields `497821p` and their values. What is something else is left out. */
export function added(fields: Iterable<readonly [string, string]>): HistoryEntry[] {
  const found: HistoryEntry[] = [];
  for (const [field, amount] of fields) {
    const kind = KINDS_BY_LETTER.get(field.slice(-1));
    const at = Number(field.slice(0, -1));
    if (kind !== undefined && Number.isInteger(at))
      found.push({ at, kind, amount: Number(amount) });
  }
  return found;
}
