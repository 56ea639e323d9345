/**
 * One batch as a call of one script (`lua/commit.lua`): its arguments written, its answer read.
 * What they are stands in the script. Not here: how they are packed (`script.ts`).
 */
import {
  type Batch,
  type Change,
  KEY_MEMORY_MS,
  type Outcome,
  WRITER_MEMORY_MS,
} from '../../contract/counting.ts';
import { KINDS } from '../../contract/history.ts';
import type { StoreLimits } from '../../contract/limits.ts';
import type { RedisConnection } from './connection.ts';
import { KIND_LETTERS, NAMES } from './keys.ts';
import commitScript from './lua/commit.lua' with { type: 'text' };
import historyScript from './lua/history.lua' with { type: 'text' };
import keptScript from './lua/kept.lua' with { type: 'text' };
import windowScript from './lua/window.lua' with { type: 'text' };
import type { RedisRoom } from './room.ts';
import { Script } from './script.ts';

export interface CommitOptions extends StoreLimits {
  /** Milliseconds since 1970. */
  now: () => number;
  /**
   * How far `now` may be from Redis' clock, in milliseconds. Farther away a batch is refused. Any
   * distance when it is not given.
   */
  clocksDifferMaxMs?: number | undefined;
}

/** What `lua/commit.lua` is asked, as it says. */
interface CommitArguments {
  readonly sequence: number;
  readonly now: number;
  readonly clocksDiffer: number;
  readonly writerMs: number;
  readonly keyMs: number;
  readonly keysMax: number;
  readonly visitorsMax: number;
  readonly countersMax: number;
  readonly room: boolean;
  readonly changes: readonly PackedChange[];
}

interface PackedChange {
  readonly counter: string;
  readonly amount: number;
  readonly make: boolean | undefined;
  readonly key: string | undefined;
  readonly request: string | undefined;
  readonly kinds: Readonly<Record<string, number>>;
  readonly visitors: readonly string[];
  readonly visits: readonly number[] | undefined;
}

/** An outcome as the script answers it. */
type PackedOutcome =
  | Exclude<Outcome, object>
  | readonly [total: number, hidden: boolean, counted: readonly boolean[] | false];

const COMMIT = new Script<CommitArguments>(keptScript, windowScript, historyScript, commitScript);

/** Commits a batch, as `Store.commit` promises. The writer is remembered for `memoryMs`. */
export async function commitTo(
  connection: RedisConnection,
  batch: Batch,
  room: RedisRoom,
  options: CommitOptions,
  memoryMs = WRITER_MEMORY_MS,
): Promise<readonly Outcome[]> {
  const now = options.now();
  const keys = [`seen:writer:${batch.writer}`, NAMES];
  const outcomes = await connection.ask((client) => {
    room.look(client, batch);
    const args = argumentsOf(batch, { now, room: !room.short, writerMs: memoryMs }, options);
    return COMMIT.run<readonly PackedOutcome[]>(client, keys, args);
  }, 'hit-unconfirmed');
  return outcomes.map(outcomeOf);
}

function argumentsOf(
  { sequence, changes }: Batch,
  moment: Pick<CommitArguments, 'now' | 'room' | 'writerMs'>,
  { keysMax, visitorsMax, hitsMake, countersMax, clocksDifferMaxMs = 0 }: CommitOptions,
): CommitArguments {
  return {
    ...moment,
    sequence,
    clocksDiffer: clocksDifferMaxMs,
    keyMs: KEY_MEMORY_MS,
    keysMax,
    visitorsMax,
    countersMax: hitsMake ? countersMax : 0,
    changes: changes.map(packedChange),
  };
}

function packedChange({
  counter,
  amount,
  once,
  make,
  kinds,
  visitors = [],
}: Change): PackedChange {
  return {
    counter,
    amount,
    make,
    key: once?.key,
    request: once?.request,
    kinds: byLetter(kinds ?? { program: amount }),
    visitors: visitors.map(({ id, kind }) => KIND_LETTERS[kind] + id),
    visits: visitors.every(({ visits }) => visits === 1)
      ? undefined
      : visitors.map(({ visits }) => visits),
  };
}

function byLetter(kinds: NonNullable<Change['kinds']>): Record<string, number> {
  const letters: Record<string, number> = {};
  for (const kind of KINDS) if (kinds[kind]) letters[KIND_LETTERS[kind]] = kinds[kind];
  return letters;
}

function outcomeOf(packed: PackedOutcome): Outcome {
  if (typeof packed !== 'object') return packed;
  const [total, hidden, counted] = packed;
  return { total, private: hidden, counted: counted || undefined };
}
