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
  type Counting,
  type Division,
  type Outcome,
  WRITER_MEMORY_MS,
} from '../../contract/counting.ts';
import { isAppError, uncounted } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import type { ServerPartOptions } from '../server.ts';
import { argumentsOf, type CommitArguments } from './commit-arguments.ts';
import { namesKey, recordKey, totalKey, totalOf, writerKey } from './keys.ts';
import commitScript from './lua/commit.lua' with { type: 'text' };
import historyScript from './lua/history.lua' with { type: 'text' };
import keptScript from './lua/kept.lua' with { type: 'text' };
import windowScript from './lua/window.lua' with { type: 'text' };
import { Script } from './script.ts';
import {
  askEach,
  checkDivision,
  firstOf,
  partOf,
  type RedisShard,
  type RedisShards,
  shardIndex,
} from './shards.ts';

/** The writer's record, as the script stores and returns it. */
type WriterRecord = readonly [sequence: number, outcomes: readonly PackedOutcome[]];

/** An outcome as the script returns it. */
type PackedOutcome =
  | Exclude<Outcome, object>
  | readonly [total: number, hidden: boolean, counted: readonly boolean[] | false];

const COMMIT = new Script<CommitArguments>(keptScript, windowScript, historyScript, commitScript);
/** The lifetime of the record that `ping` writes: short, because only the write matters. */
const PING_MEMORY_MS = 1000;

export class RedisCounting implements Counting {
  readonly division: Division | undefined;
  readonly #shards: RedisShards;
  readonly #options: ServerPartOptions;

  constructor(shards: RedisShards, options: ServerPartOptions) {
    const { length } = shards.all;
    const division = { shards: length, shardOf: (name: string) => shardIndex(shards, name) };
    this.division = length === 1 ? undefined : division;
    this.#shards = shards;
    this.#options = options;
  }

  commit(batch: Batch): Promise<readonly Outcome[]> {
    const shard = this.#shards.all[batch.shard ?? 0] ?? firstOf(this.#shards);
    return commitTo(this.#shards, shard, batch, this.#options);
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
    const pings = this.#shards.all.map((shard) => this.#ping(shard));
    const errors = (await Promise.allSettled(pings)).flatMap((result): unknown[] =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    const lasting = errors.find((error) => isAppError(error, 'store-unusable'));
    if (lasting !== undefined) throw lasting;
    if (errors.length === pings.length) throw errors[0];
  }

  async #ping(shard: RedisShard): Promise<void> {
    const batch = { writer: randomUUID(), sequence: 1, changes: [] };
    try {
      await checkDivision(shard, this.#shards.all.length);
      await commitTo(this.#shards, shard, batch, this.#options, PING_MEMORY_MS);
    } catch (error) {
      throw uncounted(error);
    }
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

/** Commits a batch, as `Counting.commit` promises. The writer's record is kept for `memoryMs`. */
async function commitTo(
  shards: RedisShards,
  shard: RedisShard,
  batch: Batch,
  options: ServerPartOptions,
  memoryMs = WRITER_MEMORY_MS,
): Promise<readonly Outcome[]> {
  const now = options.now();
  const { tag, tagArgument, space } = shard;
  const keys = shard.keys(writerKey(tag, batch.writer), namesKey(tag));
  const [, outcomes] = await shard.ask((client) => {
    space.check(client, batch);
    const moment = { tag: tagArgument, now, space: !space.short, writerMs: memoryMs };
    const args = argumentsOf(batch, moment, options, (max) => partOf(max, shards));
    return COMMIT.run<WriterRecord>(client, keys, args);
  }, 'hit-unconfirmed');
  return outcomes.map(outcomeOf);
}

function outcomeOf(packed: PackedOutcome): Outcome {
  if (typeof packed !== 'object') return packed;
  const [total, hidden, counted] = packed;
  return { total, private: hidden, counted: counted || undefined };
}
