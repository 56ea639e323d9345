/**
 * One batch as a call of one script (`lua/commit.lua`): its arguments written, its answer read.
 * What they are stands in the script.
 */
import {
  type Batch,
  type ChangeVisitor,
  KEY_MEMORY_MS,
  type Outcome,
  WRITER_MEMORY_MS,
} from '../../contract/counting.ts';
import { KINDS } from '../../contract/history.ts';
import type { RedisConnection } from './connection.ts';
import { KIND_LETTERS, NAMES, totalKey } from './keys.ts';
import commitScript from './lua/commit.lua' with { type: 'text' };
import type { RedisRoom } from './room.ts';
import { Script } from './script.ts';

export interface CommitOptions {
  /** How many keys of requests are remembered at the most. */
  keysMax: number;
  /**
   * How many visitors are remembered for windows at the most, of all counters together; of one
   * counter a quarter of that.
   */
  visitorsMax: number;
  /** Whether a hit makes a counter that is not there. */
  hitsMake: boolean;
  /** How many counters there may be. */
  countersMax: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /**
   * How far `now` may be from Redis' clock, in milliseconds. Farther away a batch is refused. Any
   * distance when it is not given.
   */
  clocksDifferMaxMs?: number | undefined;
}

const COMMIT = new Script(commitScript);

/** Commits a batch, as `Store.commit` promises. The writer is remembered for `memoryMs`. */
export async function commitTo(
  connection: RedisConnection,
  batch: Batch,
  room: RedisRoom,
  options: CommitOptions,
  memoryMs = WRITER_MEMORY_MS,
): Promise<readonly Outcome[]> {
  const at = options.now();
  const keys = keysOf(batch);
  const answer = await connection.ask((client) => {
    room.look(client, batch);
    return COMMIT.run(client, keys, argumentsOf(batch, at, room.short, options, memoryMs));
  }, 'hit-unconfirmed');
  // A batch without changes has no outcomes.
  return answer === ''
    ? []
    : answer.split(' ').map((word) => LEFT_OUT[word] ?? parseOutcome(word));
}

function keysOf({ writer, changes }: Batch): string[] {
  const keys = [`seen:writer:${writer}`];
  for (const { counter } of changes) keys.push(totalKey(counter));
  for (const { once } of changes) if (once) keys.push(`seen:once:${once.key}`);
  keys.push(NAMES);
  return keys;
}

function argumentsOf(
  { sequence, changes }: Batch,
  at: number,
  short: boolean,
  { keysMax, visitorsMax, hitsMake, countersMax, clocksDifferMaxMs = 0 }: CommitOptions,
  memoryMs: number,
): string[] {
  const limits = [KEY_MEMORY_MS, keysMax, hitsMake ? countersMax : 0];
  const args = [sequence, memoryMs, changes.length, ...limits, at].map(String);
  args.push(`${visitorsMax}`, short ? '0' : '1', `${clocksDifferMaxMs}`);
  for (const { amount, once, make, kinds = { program: amount }, visitors = [] } of changes) {
    const added = make === false ? `~${amount}` : `${amount}`;
    args.push(
      once ? `${added} ${once.request}` : added,
      kindsText(kinds),
      visitors.map(visitorText).join(' '),
    );
  }
  return args;
}

/** What came of which kind, as the script reads it. */
function kindsText(kinds: NonNullable<Batch['changes'][number]['kinds']>): string {
  return KINDS.map((kind) => (kinds[kind] ? `${KIND_LETTERS[kind]}${kinds[kind]}` : '')).join('');
}

/** A visitor as the script reads it: with their visits if there is not just one. */
function visitorText({ id, kind, visits }: ChangeVisitor): string {
  const name = KIND_LETTERS[kind] + id;
  return visits === 1 ? name : `${name}*${visits}`;
}

/** Why a change was left out, as the script says it. */
const LEFT_OUT: Readonly<Record<string, Outcome>> = {
  r: 'out-of-range',
  u: 'unreadable',
  k: 'key-reused',
  f: 'keys-full',
  m: 'missing',
  c: 'counters-full',
};

/**
 * A total, with `h` when the counter is private, and with `:` and a digit for each visitor when it
 * has a window.
 */
function parseOutcome(word: string): Outcome {
  const plain = Number(word);
  if (!Number.isNaN(plain)) return plain;
  const [, total, hidden, counted] = /^(-?\d+)(h?)(?::([01]*))?$/.exec(word) ?? [];
  return {
    total: Number(total),
    private: hidden === 'h',
    counted: counted === undefined ? undefined : counted.split('').map((digit) => digit === '1'),
  };
}
