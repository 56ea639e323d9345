/**
 * The shards of a Redis store: a single Redis has one, a Redis Cluster several (`cluster.ts`).
 *
 * A counter belongs to one shard for ever, by a hash of its name. All keys of a shard contain its
 * tag in braces, so that a cluster has them in one slot, which a script needs
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags). Each
 * shard has its own names, writers, accounts and limits, so a batch is atomic within its shard.
 */
import type { Division } from '../../contract/counting.ts';
import { AppError, isAppError } from '../../counter/errors.ts';
import type { RedisConnection } from './connection.ts';
import { absentKey, namesKey, shardsKey } from './keys.ts';
import { INCOMPLETE } from './refusals.ts';
import { RedisSpace } from './space.ts';

/** One shard: its tag, its memory, and how to call the Redis that has it. */
export class RedisShard {
  /** A hash tag in braces, before each name of a counter; empty in a single Redis. */
  readonly tag: string;
  /** The memory of the Redis that has this shard. */
  readonly space = new RedisSpace();
  /** Calls the Redis that has this shard, as `RedisConnection.ask` does. */
  readonly ask: RedisConnection['ask'];
  /**
   * Whether the number of shards stored in it has been checked (`checkDivision`); true in a single
   * Redis.
   */
  divided: boolean;

  constructor(tag: string, ask: RedisConnection['ask']) {
    this.tag = tag;
    this.divided = tag === '';
    this.ask = ask;
  }

  /**
   * The keys to name in a call of a script. While a slot moves to another node, Redis runs a
   * script only if all named keys are there. In a cluster one of them never exists, so no script
   * runs in a slot of which some keys may be elsewhere: it would take those for missing.
   */
  keys(...names: string[]): string[] {
    return this.tag === '' ? names : [...names, absentKey(this.tag)];
  }

  /** The tag for the arguments of a script; undefined when there is none. */
  get tagArgument(): string | undefined {
    return this.tag === '' ? undefined : this.tag;
  }
}

/** A server, for advice about its settings. */
export interface RedisNode {
  readonly place: string;
  readonly ask: RedisConnection['ask'];
}

/** All shards of a store. */
export interface RedisShards {
  /** For messages, without a password. */
  readonly place: string;
  /** At least one. */
  readonly all: readonly RedisShard[];
  /** The servers that have them. Fails with `store-unavailable`, `store-unusable`. */
  nodes(): Promise<readonly RedisNode[]>;
  /** Sentences about the division, or about the cluster, that could lose counts. */
  risks(): Promise<readonly string[]>;
  /** Closes all connections; later calls fail. */
  close(): void;
}

/** The shards of a single Redis. */
export function singleShard(connection: RedisConnection): RedisShards {
  const { place } = connection;
  const ask = connection.ask.bind<RedisConnection['ask']>(connection);
  return {
    place,
    all: [new RedisShard('', ask)],
    nodes: async () => [{ place, ask }],
    risks: async () => [],
    close: () => connection.close(),
  };
}

/** The index of the shard of a name. The hash never changes, because it decides where data is. */
function shardIndex({ all }: RedisShards, name: string): number {
  return all.length === 1 ? 0 : Bun.hash.crc32(name) % all.length;
}

/** Undefined when there is one shard. */
export function divisionOf(shards: RedisShards): Division | undefined {
  const { length } = shards.all;
  if (length === 1) return undefined;
  return { shards: length, shardOf: (name) => shardIndex(shards, name) };
}

/** The shard of a name. */
export function shardOf(shards: RedisShards, name: string): RedisShard {
  return shards.all[shardIndex(shards, name)] ?? firstOf(shards);
}

/** The shard of data that exists once in a store: salts and replicas. */
export function firstOf({ all }: RedisShards): RedisShard {
  const [first] = all;
  if (first === undefined) throw new Error('a store has at least one shard');
  return first;
}

/** The part of a limit of the whole store that one shard may use. */
export function partOf(max: number, { all }: RedisShards): number {
  return Math.ceil(max / all.length);
}

/**
 * Calls `question` once for each shard, at the same time, with the items that belong to it;
 * returns the answers in the order of `items`. `question` returns one answer for each of its
 * items.
 */
export async function askEach<Item, Answer>(
  shards: RedisShards,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  question: (shard: RedisShard, items: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const places = Map.groupBy(items.keys(), (place) =>
    shardOf(shards, nameOf(items[place] as Item)),
  );
  const answers: Answer[] = [];
  await Promise.all(
    [...places].map(async ([shard, there]) => {
      const some = await question(
        shard,
        there.map((place) => items[place] as Item),
      );
      some.forEach((answer, index) => {
        answers[there[index] as number] = answer;
      });
    }),
  );
  return answers;
}

/**
 * As `askEach`, for a change, after `checkDivision`, and waits for all shards. If some fail and
 * others do not, it fails with `hit-unconfirmed`, because these have changed something.
 */
export async function changeEach<Item, Answer>(
  shards: RedisShards,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  question: (shard: RedisShard, items: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const failures: unknown[] = [];
  let changed = false;
  const answers = await askEach(shards, items, nameOf, async (shard, some) => {
    try {
      await checkDivision(shard, shards);
      const answer = await question(shard, some);
      changed = true;
      return answer;
    } catch (error) {
      failures.push(error);
      return [];
    }
  });
  if (failures.length === 0) return answers;
  const failure = failures.find((error) => isAppError(error, 'hit-unconfirmed')) ?? failures[0];
  if (!changed || !isAppError(failure)) throw failure;
  throw new AppError('hit-unconfirmed', failure.message, { cause: failure.cause });
}

/**
 * Before the first change of a shard: stores the number of shards in it, or checks that a Seen
 * with the same number wrote its data. Fails with `store-unusable` if not, and with
 * `store-unavailable` if the shard has counters without that number: then keys are missing
 * (`lua/shared.lua`).
 */
export async function checkDivision(
  shard: RedisShard,
  { all, place }: RedisShards,
): Promise<void> {
  if (shard.divided) return;
  const { tag, ask } = shard;
  const own = `${all.length}`;
  const stored = await ask(async (client) => {
    // First, because another replica may store the number, and then counters, meanwhile.
    const used = await client.exists(namesKey(tag));
    if (used === 0) await client.set(shardsKey(tag), own, { condition: 'NX' });
    return client.get(shardsKey(tag));
  }, 'store-unavailable');
  if (stored === null) {
    const message = `Redis at ${place} lacks keys of the shard ${tag}. ${INCOMPLETE}.`;
    throw new AppError('store-unavailable', message);
  }
  if (stored !== own) {
    const message = `The counters in this Redis Cluster are divided into ${stored} shards, and this Seen knows ${own}. Use the Seen that wrote them: seen export there, and seen import here into an empty cluster.`;
    throw new AppError('store-unusable', message);
  }
  shard.divided = true;
}
