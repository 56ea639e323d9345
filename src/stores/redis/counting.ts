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
  KEY_MEMORY_MS,
  type Outcome,
  WRITER_MEMORY_MS,
} from '../../contract/counting.ts';
import { DAY_MS, HOUR_MS, KINDS } from '../../contract/history.ts';
import { uncounted } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import type { ServerPartOptions } from '../server.ts';
import type { RedisConnection } from './connection.ts';
import { KIND_LETTERS, NAMES, recordKey, totalKey, totalOf } from './keys.ts';
import commitScript from './lua/commit.lua' with { type: 'text' };
import historyScript from './lua/history.lua' with { type: 'text' };
import keptScript from './lua/kept.lua' with { type: 'text' };
import windowScript from './lua/window.lua' with { type: 'text' };
import { Script } from './script.ts';
import type { RedisSpace } from './space.ts';

/** The arguments of `lua/commit.lua`, described there. */
interface CommitArguments {
  readonly sequence: number;
  readonly now: number;
  readonly hour: string;
  readonly day: string;
  readonly clocksDiffer: number;
  readonly writerMs: number;
  readonly keyMs: number;
  readonly keysMax: number;
  readonly visitorsMax: number;
  readonly countersMax: number;
  readonly space: boolean;
  readonly changes: readonly PackedChange[number][];
}

/** The entries of one change. */
type PackedChange = readonly [
  counter: string,
  amount: number,
  kinds: Readonly<Record<string, string>>,
  visitors: readonly string[],
  more: MoreOfChange | false,
];

/** What few changes have. */
interface MoreOfChange {
  readonly visits: readonly number[] | undefined;
  readonly make: boolean | undefined;
  readonly key: string | undefined;
  readonly request: string | undefined;
}

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
  readonly #connection: RedisConnection;
  readonly #space: RedisSpace;
  readonly #options: ServerPartOptions;

  constructor(connection: RedisConnection, space: RedisSpace, options: ServerPartOptions) {
    this.#connection = connection;
    this.#space = space;
    this.#options = options;
  }

  commit(batch: Batch): Promise<readonly Outcome[]> {
    return commitTo(this.#connection, batch, this.#space, this.#options);
  }

  get short(): boolean {
    return this.#space.short;
  }

  /**
   * A key that is not a string reads as missing: MGET returns null for it. All commands take one
   * round trip.
   */
  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const [values, rules] = await this.#connection.ask(
      (client) =>
        Promise.all([
          client.mGet(counters.map(totalKey)),
          Promise.all(counters.map((counter) => client.hGet(recordKey(counter), 'rules'))),
        ]),
      'store-unavailable',
    );
    return values.map((value, index) =>
      value === null || readRules(rules[index]).private
        ? undefined
        : totalOf(value, counters[index] ?? ''),
    );
  }

  async ping(): Promise<void> {
    const batch = { writer: randomUUID(), sequence: 1, changes: [] };
    const done = commitTo(this.#connection, batch, this.#space, this.#options, PING_MEMORY_MS);
    await done.catch((error: unknown) => {
      throw uncounted(error);
    });
  }
}

/** Commits a batch, as `Counting.commit` promises. The writer's record is kept for `memoryMs`. */
async function commitTo(
  connection: RedisConnection,
  batch: Batch,
  space: RedisSpace,
  options: ServerPartOptions,
  memoryMs = WRITER_MEMORY_MS,
): Promise<readonly Outcome[]> {
  const now = options.now();
  const keys = [`seen:writer:${batch.writer}`, NAMES];
  const [, outcomes] = await connection.ask((client) => {
    space.check(client, batch);
    const args = argumentsOf(batch, { now, space: !space.short, writerMs: memoryMs }, options);
    return COMMIT.run<WriterRecord>(client, keys, args);
  }, 'hit-unconfirmed');
  return outcomes.map(outcomeOf);
}

function argumentsOf(
  { sequence, changes }: Batch,
  moment: Pick<CommitArguments, 'now' | 'space' | 'writerMs'>,
  { keysMax, visitorsMax, hitsMake, countersMax, clocksDifferMaxMs = 0 }: ServerPartOptions,
): CommitArguments {
  return {
    ...moment,
    sequence,
    hour: `${Math.floor(moment.now / HOUR_MS)}`,
    day: `${Math.floor(moment.now / DAY_MS)}`,
    clocksDiffer: clocksDifferMaxMs,
    keyMs: KEY_MEMORY_MS,
    keysMax,
    visitorsMax,
    countersMax: hitsMake ? countersMax : 0,
    changes: changes.flatMap(packedChange),
  };
}

function packedChange({
  counter,
  amount,
  once,
  make,
  kinds = { program: amount },
  visitors = [],
}: Change): PackedChange {
  const again = visitors.some(({ visits }) => visits !== 1);
  const visits = again ? visitors.map((visitor) => visitor.visits) : undefined;
  const rare = once || again || make === false;
  return [
    counter,
    amount,
    byLetter(kinds),
    visitors.map(({ id, kind }) => KIND_LETTERS[kind] + id),
    rare ? { visits, make, key: once?.key, request: once?.request } : false,
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
