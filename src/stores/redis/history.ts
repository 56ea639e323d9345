/**
 * Reads the history of visits from Redis, stores the salts of days, and reads counters whole, each
 * at one moment (`lua/archive.lua`): for exports, and for the history of one counter.
 *
 * Not here: writing the history, which `lua/history.lua` does; it also names the keys.
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
import type { PartOptions } from '../part-options.ts';
import { KIND_LETTERS, saltKey } from './keys.ts';
import archiveScript from './lua/archive.lua' with { type: 'text' };
import recentScript from './lua/recent.lua' with { type: 'text' };
import { Script } from './script.ts';
import { askEach, firstOf, type RedisShard, type RedisShards, shardOf } from './shards.ts';

/** The arguments of `lua/recent.lua`, described there. */
interface RecentArguments {
  readonly counters: readonly string[];
  readonly firstDay: number;
  readonly lastDay: number;
}

const RECENT = new Script<RecentArguments>(recentScript);

export class RedisHistory implements History {
  /** https://redis.io/docs/latest/develop/data-types/probabilistic/hyperloglogs/ */
  readonly visitorsError = 0.0081;
  readonly #shards: RedisShards;
  readonly #now: PartOptions['now'];

  constructor(shards: RedisShards, now: PartOptions['now']) {
    this.#shards = shards;
    this.#now = now;
  }

  async read(counter: string): Promise<CounterHistory> {
    // Commits fold a little at a time.
    return folded(await this.#stored(counter, false), Math.floor(this.#now() / HOUR_MS));
  }

  async readVisitors(counter: string): Promise<CounterHistory['visitors']> {
    return (await this.#stored(counter, true)).visitors;
  }

  /** The history as it is stored; `brief`: without hours and days. */
  async #stored(counter: string, brief: boolean): Promise<CounterHistory> {
    const [dump] = await readDumps(shardOf(this.#shards, counter), [counter], 1, brief);
    return dump ? historyIn(dump) : { hours: [], days: [], visitors: new Map() };
  }

  recent(
    counters: readonly string[],
    firstDay: number,
    lastDay: number,
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    const nameOf = (counter: string) => counter;
    return askEach(this.#shards, counters, nameOf, async (shard, some) => {
      const args = { counters: some.map((counter) => shard.tag + counter), firstDay, lastDay };
      const all = await shard.ask(
        (client) => RECENT.run<readonly (readonly number[])[]>(client, shard.keys(), args),
        'store-unavailable',
      );
      return all.map((days) => new Map(pairs(days)));
    });
  }

  async salt(day: number, suggested: string): Promise<string> {
    const shard = firstOf(this.#shards);
    const key = saltKey(shard.tag, day);
    // An hour longer than the day, because a replica's clock may be behind.
    const leftMs = Math.max(HOUR_MS, (day + 1) * DAY_MS + HOUR_MS - this.#now());
    const kept = await shard.ask(async (client) => {
      await client.set(key, suggested, {
        condition: 'NX',
        expiration: { type: 'PX', value: leftMs },
      });
      return client.get(key);
    }, 'hit-unconfirmed');
    return kept ?? suggested;
  }
}

/** The arguments of `lua/archive.lua`, described there. */
interface DumpArguments {
  readonly enough: number;
  readonly counters: readonly string[];
  readonly brief: boolean;
}

/** A counter as the script returns it: fields and values alternate. */
export type Dump = readonly [
  name: string,
  total: string,
  made: string,
  owner: string,
  rules: string,
  day: string,
  hours: readonly string[],
  days: readonly string[],
  uniques: readonly string[],
  today: number,
  title: string,
  link: string,
];

const DUMP = new Script<DumpArguments>(archiveScript);

/**
 * Reads counters of a shard from the first name on, until there are `enough` figures of history;
 * at least one. A missing counter is undefined. `brief`: without hours and days. Fails with
 * `store-unavailable`, `store-unusable`.
 */
export async function readDumps(
  shard: RedisShard,
  counters: readonly string[],
  enough: number,
  brief = false,
): Promise<readonly (Dump | undefined)[]> {
  const names = counters.map((counter) => shard.tag + counter);
  const dumps = await shard.ask(
    (client) =>
      DUMP.run<readonly (Dump | readonly [string])[]>(client, shard.keys(), {
        enough,
        counters: names,
        brief,
      }),
    'store-unavailable',
  );
  return dumps.map((dump) => (isDump(dump) ? dump : undefined));
}

function isDump(dump: Dump | readonly [string]): dump is Dump {
  return dump.length > 1;
}

/** The history in a dump, not folded. */
export function historyIn(dump: Dump): CounterHistory {
  const [, , , , , day, hours, days, uniques, today] = dump;
  const visitors = new Map(pairs(uniques).map(([at, count]) => [Number(at), Number(count)]));
  // An import may have added visitors for the day whose visitors are still kept one by one: both
  // are added, within exact numbers.
  if (day !== '' && today > 0) {
    const sum = (visitors.get(Number(day)) ?? 0) + today;
    visitors.set(Number(day), Math.min(sum, Number.MAX_SAFE_INTEGER));
  }
  return { hours: entries(hours), days: entries(days), visitors };
}

/** A list of fields and values as pairs. */
function pairs<T>(flat: readonly T[]): [field: T, value: T][] {
  return Array.from(
    { length: flat.length / 2 },
    (_, at) => flat.slice(2 * at, 2 * at + 2) as [T, T],
  );
}

const KINDS_BY_LETTER: ReadonlyMap<string, Kind> = new Map(
  KINDS.map((kind) => [KIND_LETTERS[kind], kind]),
);

/** Fields such as `497821p` and their values. Other fields are left out. */
function entries(flat: readonly string[]): HistoryEntry[] {
  const found: HistoryEntry[] = [];
  for (const [field, amount] of pairs(flat)) {
    const kind = KINDS_BY_LETTER.get(field.slice(-1));
    const at = Number(field.slice(0, -1));
    if (kind !== undefined && Number.isInteger(at))
      found.push({ at, kind, amount: Number(amount) });
  }
  return found;
}
