/**
 * Counting in Redis. One batch is one call of one script (`lua/commit.lua`), which is atomic and
 * recognises repeated batches. This file builds the script's arguments and reads its reply; the
 * script's first lines describe both.
 *
 * Not here: packing arguments and replies (`script.ts`), and retrying a batch, which the counter
 * decides.
 */
import { randomUUID } from 'node:crypto';
import {
  type Batch,
  type Change,
  type Counting,
  type Division,
  KEY_MEMORY_MS,
  type Outcome,
  WRITER_MEMORY_MS,
} from '../../contract/counting.ts';
import { DAY_MS, HOUR_MS, KINDS } from '../../contract/history.ts';
import { isAppError, uncounted } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import type { ServerPartOptions } from '../server.ts';
import type {
  CommitArguments,
  PackedChange,
  PackedOutcome,
  WriterRecord,
} from './commit-arguments.ts';
import { KIND_LETTERS, namesKey, recordKey, totalKey, totalOf, writerKey } from './keys.ts';
import commitScript from './lua/commit.lua' with { type: 'text' };
import historyScript from './lua/history.lua' with { type: 'text' };
import keptScript from './lua/kept.lua' with { type: 'text' };
import windowScript from './lua/window.lua' with { type: 'text' };
import { Script } from './script.ts';
import {
  askEach,
  checkDivision,
  divisionOf,
  type RedisShard,
  type RedisShards,
} from './shards.ts';

const COMMIT = new Script<CommitArguments>(keptScript, windowScript, historyScript, commitScript);
/** The lifetime of the record that `ping` writes: short, because only the write matters. */
const PING_MEMORY_MS = 1000;

export class RedisCounting implements Counting {
  readonly division: Division | undefined;
  readonly #shards: RedisShards;
  readonly #commits: readonly ShardCommits[];

  constructor(shards: RedisShards, options: ServerPartOptions) {
    this.division = divisionOf(shards);
    this.#shards = shards;
    this.#commits = shards.all.map((shard) => new ShardCommits(shard, shards, options));
  }

  commit(batch: Batch): Promise<readonly Outcome[]> {
    const commits = this.#commits[batch.shard ?? 0];
    if (commits === undefined) throw new Error(`there is no shard ${batch.shard}`);
    return commits.commit(batch);
  }

  /** Whether any shard is short. */
  get short(): boolean {
    return this.#shards.all.some(({ space }) => space.short);
  }

  /**
   * A key that is not a string reads as missing: MGET returns null for it. All commands take one
   * round trip.
   */
  read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    return askEach(this.#shards, counters, (counter) => counter, readFrom);
  }

  /** One shard that would succeed is enough, unless the settings of another must change. */
  async ping(): Promise<void> {
    const pings = this.#commits.map((commits) => commits.ping());
    const errors = (await Promise.allSettled(pings)).flatMap((result): unknown[] =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    const lasting = errors.find((error) => isAppError(error, 'store-unusable'));
    if (lasting !== undefined) throw lasting;
    if (errors.length === pings.length) throw errors[0];
  }
}

async function readFrom(
  { tag, ask }: RedisShard,
  counters: readonly string[],
): Promise<(number | undefined)[]> {
  const names = counters.map((counter) => tag + counter);
  const [values, rules] = await ask(
    (client) =>
      Promise.all([
        client.mGet(names.map(totalKey)),
        Promise.all(names.map((name) => client.hGet(recordKey(name), 'rules'))),
      ]),
    'store-unavailable',
  );
  return values.map((value, index) =>
    value === null || readRules(rules[index]).private
      ? undefined
      : totalOf(value, names[index] ?? ''),
  );
}

/** Commits batches to one shard. */
class ShardCommits {
  readonly #shard: RedisShard;
  readonly #shards: RedisShards;
  readonly #options: ServerPartOptions;
  /** The beginning of the keys of writers, and the keys that are the same for each batch. */
  readonly #writerKeys: string;
  readonly #otherKeys: readonly string[];
  /** What is the same for each batch. The limits are not: the simulation changes them. */
  readonly #fixed;

  constructor(shard: RedisShard, shards: RedisShards, options: ServerPartOptions) {
    this.#shard = shard;
    this.#shards = shards;
    this.#options = options;
    this.#writerKeys = writerKey(shard.tag, '');
    this.#otherKeys = shard.keys(namesKey(shard.tag));
    this.#fixed = {
      tag: shard.tagArgument,
      clocksDiffer: options.clocksDifferMaxMs ?? 0,
      keyMs: KEY_MEMORY_MS,
    };
  }

  /** As `Counting.commit` promises. The writer's record is kept for `writerMs`. */
  async commit(batch: Batch, writerMs = WRITER_MEMORY_MS): Promise<readonly Outcome[]> {
    if (!this.#shard.divided) await checkDivision(this.#shard, this.#shards);
    const { keysMax, visitorsMax, hitsMake, countersMax } = this.#options;
    const now = this.#options.now();
    const { space, tag } = this.#shard;
    const keys = [this.#writerKeys + batch.writer, ...this.#otherKeys];
    const [, outcomes] = await this.#shard.ask((client) => {
      space.check(client, batch);
      return COMMIT.run<WriterRecord>(client, keys, {
        ...this.#fixed,
        now,
        hour: `${Math.floor(now / HOUR_MS)}`,
        day: `${Math.floor(now / DAY_MS)}`,
        keysMax: this.#partOf(keysMax),
        visitorsMax: this.#partOf(visitorsMax),
        countersMax: this.#partOf(countersMax),
        hitsMake,
        space: !space.short,
        writerMs,
        sequence: batch.sequence,
        changes: batch.changes.flatMap((change) => packedChange(change, tag)),
      });
    }, 'hit-unconfirmed');
    return outcomes.map(outcomeOf);
  }

  /** As `partOf` in shards.ts, which a visit need not enter for this. */
  #partOf(max: number): number {
    return Math.ceil(max / this.#shards.all.length);
  }

  async ping(): Promise<void> {
    try {
      await this.commit({ writer: randomUUID(), sequence: 1, changes: [] }, PING_MEMORY_MS);
    } catch (error) {
      throw uncounted(error);
    }
  }
}

function packedChange(
  { counter, amount, once, make, kinds = { program: amount }, visitors = [] }: Change,
  tag: string,
): PackedChange {
  const again = visitors.some(({ visits }) => visits !== 1);
  const visits = again ? visitors.map((visitor) => visitor.visits) : undefined;
  const rare = once || again || make === false;
  return [
    tag + counter,
    amount,
    byLetter(kinds),
    visitors.map(({ id, kind }) => KIND_LETTERS[kind] + id),
    rare ? { visits, make, key: once && tag + once.key, request: once?.request } : false,
  ];
}

function byLetter(kinds: NonNullable<Change['kinds']>): Record<string, string> {
  const letters: Record<string, string> = {};
  for (const kind of KINDS) if (kinds[kind]) letters[KIND_LETTERS[kind]] = `${kinds[kind]}`;
  return letters;
}

function outcomeOf(packed: PackedOutcome): Outcome {
  if (typeof packed !== 'object') return packed;
  const [total, hidden, counted] = packed;
  return { total, private: hidden, counted: counted || undefined };
}
