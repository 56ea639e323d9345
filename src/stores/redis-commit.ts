/** One batch as a call of one script (`commit.lua`): its arguments written, its answer read. What they are stands in the script. */
import { DAY_MS } from '../counter/past.ts';
import { type Batch, type Caller, KEY_MEMORY_MS, type Outcome, WRITER_MEMORY_MS } from '../counter/store.ts';
import { KINDS } from '../counter/visitor.ts';
import commitScript from './commit.lua' with { type: 'text' };
import type { RedisConnection } from './redis-connection.ts';
import { KIND_LETTERS, NAMES, totalKey } from './redis-keys.ts';
import { Script } from './redis-script.ts';

export interface CommitOptions {
  /** How many keys of requests are remembered at the most, of yesterday and today together. */
  keysMax: number;
  /** Whether a hit makes a counter that is not there. */
  hitsMake: boolean;
  /** How many counters there may be. */
  countersMax: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

const COMMIT = new Script(commitScript);

/** Commits a batch, as `Store.commit` promises. */
export async function commitTo(
  connection: RedisConnection,
  { writer, sequence, changes }: Batch,
  { keysMax, hitsMake, countersMax, now }: CommitOptions,
): Promise<readonly Outcome[]> {
  const at = now();
  const keys = [`seen:writer:${writer}`];
  for (const { counter } of changes) keys.push(totalKey(counter));
  const asked = keys.length;
  for (const { once } of changes) if (once) keys.push(`seen:once:${once.key}`);
  if (keys.length > asked) {
    const day = Math.floor(at / DAY_MS);
    keys.push(`seen:keys:${day - 1}`, `seen:keys:${day}`);
  }
  keys.push(NAMES);
  const numbers = [sequence, WRITER_MEMORY_MS, changes.length, KEY_MEMORY_MS, keysMax];
  const args = [...numbers, hitsMake ? countersMax : 0, at].map(String);
  for (const { amount, once, kinds = { program: amount }, visitors = [] } of changes) {
    args.push(
      once ? `${amount} ${once.request}` : `${amount}`,
      kindsText(kinds),
      visitors.map(callerText).join(' '),
    );
  }
  return parseOutcomes(await connection.ask((client) => COMMIT.run(client, keys, args), 'hit-unconfirmed'));
}

/** What came of which kind, as the script reads it. */
function kindsText(kinds: NonNullable<Batch['changes'][number]['kinds']>): string {
  return KINDS.map((kind) => (kinds[kind] ? `${KIND_LETTERS[kind]}${kinds[kind]}` : '')).join('');
}

/** A visitor, as the script reads it: kind and id, and their visits if there is not just one. */
function callerText({ id, kind, visits }: Caller): string {
  return visits === 1 ? `${KIND_LETTERS[kind]}${id}` : `${KIND_LETTERS[kind]}${id}*${visits}`;
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

function parseOutcomes(answer: string): Outcome[] {
  return answer.split(' ').map((word) => LEFT_OUT[word] ?? parseOutcome(word));
}

/** A total, with `h` when the counter is private, and with `:` and a digit for each visitor when it has a window. */
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
