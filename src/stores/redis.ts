/**
 * The Redis store: one round trip per batch, shared by all replicas.
 *
 * A batch is one call of one script (`commit.lua`), which is atomic and knows what it has done before. Not here: the
 * connection (`redis-connection.ts`), what is not counting (`redis-registry.ts`), and when to try again, which is the counter's decision.
 */
import type { Archived, Brought, Piece, Terms } from '../counter/archive.ts';
import { DAY_MS, type Past } from '../counter/past.ts';
import type { Description, Draft, Page, Rules, Wanted } from '../counter/registry.ts';
import { type Batch, KEY_MEMORY_MS, type Outcome, type Store, WRITER_MEMORY_MS } from '../counter/store.ts';
import { KINDS } from '../counter/visitor.ts';
import commitScript from './commit.lua' with { type: 'text' };
import { redisRisks } from './redis-advice.ts';
import { RedisArchive } from './redis-archive.ts';
import { bringInto } from './redis-bring.ts';
import { RedisConnection, type RedisOptions } from './redis-connection.ts';
import { KIND_LETTERS, NAMES, totalKey, totalOf } from './redis-keys.ts';
import { RedisMemory } from './redis-memory.ts';
import { RedisRegistry } from './redis-registry.ts';
import { Script } from './redis-script.ts';

export interface RedisStoreOptions extends RedisOptions {
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

export class RedisStore implements Store {
  readonly place: string;
  readonly visitorsError: number;
  readonly #connection: RedisConnection;
  readonly #registry: RedisRegistry;
  readonly #memory: RedisMemory;
  readonly #archive: RedisArchive;
  readonly #options: RedisStoreOptions;

  /** Connects at the first need, not here. */
  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
    this.#connection = new RedisConnection(options, this.place);
    this.#registry = new RedisRegistry(this.#connection, options);
    this.#memory = new RedisMemory(this.#connection, options.now);
    this.#archive = new RedisArchive(this.#connection, options.now);
    this.visitorsError = this.#memory.visitorsError;
  }

  async commit({ writer, sequence, changes }: Batch): Promise<readonly Outcome[]> {
    const { keysMax, hitsMake, countersMax, now } = this.#options;
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
      args.push(once ? `${amount} ${once.request}` : `${amount}`, kindsText(kinds), visitors.join(' '));
    }
    return parseOutcomes(
      await this.#connection.ask((client) => COMMIT.run(client, keys, args), 'hit-unconfirmed'),
    );
  }

  /** A key of another type than string reads as missing: that is how MGET answers, in one round trip for all. */
  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const values = await this.#connection.ask(
      (client) => client.mGet(counters.map(totalKey)),
      'store-unavailable',
    );
    return values.map((value, index) => (value === null ? undefined : totalOf(value, counters[index] ?? '')));
  }

  make(counter: string, draft: Draft) {
    return this.#registry.make(counter, draft);
  }

  describe(counter: string): Promise<Description | undefined> {
    return this.#registry.describe(counter);
  }

  set(counter: string, total: number): Promise<boolean> {
    return this.#registry.set(counter, total);
  }

  give(counter: string, owner: string): Promise<boolean> {
    return this.#registry.give(counter, owner);
  }

  rule(counter: string, rules: Rules): Promise<boolean> {
    return this.#registry.rule(counter, rules);
  }

  delete(counter: string): Promise<void> {
    return this.#registry.delete(counter);
  }

  list(wanted: Wanted): Promise<Page> {
    return this.#registry.list(wanted);
  }

  size(): Promise<number> {
    return this.#registry.size();
  }

  past(counter: string): Promise<Past> {
    return this.#memory.past(counter);
  }

  salt(day: number, suggested: string): Promise<string> {
    return this.#memory.salt(day, suggested);
  }

  snapshot(): AsyncIterable<Piece> {
    return this.#archive.snapshot();
  }

  bring(counters: readonly Archived[], terms: Terms): Promise<readonly Brought[]> {
    return bringInto(this.#connection, 'bring', counters, terms, this.#options);
  }

  foresee(counters: readonly Archived[], terms: Terms): Promise<readonly Brought[]> {
    return bringInto(this.#connection, 'foresee', counters, terms, this.#options);
  }

  async ping(): Promise<void> {
    await this.#connection.ask((client) => client.ping(), 'store-unavailable');
  }

  risks(): Promise<readonly string[]> {
    return redisRisks(this.#connection);
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }
}

/** What came of which kind, as the script reads it. */
function kindsText(kinds: NonNullable<Batch['changes'][number]['kinds']>): string {
  return KINDS.map((kind) => (kinds[kind] ? `${KIND_LETTERS[kind]}${kinds[kind]}` : '')).join('');
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
  return answer.split(' ').map((word) => LEFT_OUT[word] ?? Number(word));
}
