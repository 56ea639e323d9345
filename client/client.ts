/**
 * The client of a Seen, for browsers, Node and Bun: `new Seen('https://count.example.org')`.
 *
 * It has no dependencies, and less than 3 kB compressed (a test checks this). Reads and hits are
 * repeated while Seen is unavailable; all repetitions of a hit have the same `Idempotency-Key`, so
 * it counts once. Examples: docs/client.md. Not here: repetitions (`call.ts`), the stream
 * (`stream.ts`), and the React component (`react.ts`).
 */
import { type Call, createCall } from './call.ts';
import { SeenError } from './errors.ts';
import { NAMES_MAX, Stream } from './stream.ts';
import type {
  Counter,
  CounterChanges,
  CreatedCounter,
  Deleted,
  History,
  HistoryQuery,
  HitBody,
  ListedCounter,
  ListQuery,
  NewCounter,
  Page,
  Token,
  Value,
  Values,
  Visitors,
} from './types.ts';

export { SeenError } from './errors.ts';
export type * from './types.ts';

/** Options of a client. */
export interface SeenOptions {
  /** A counter's token, or the installation's. Keep it out of pages for others. */
  readonly token?: string | undefined;
  /** The longest time that a call takes with its repetitions; 10 s when not given. */
  readonly timeoutMs?: number | undefined;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call, which then fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a hit. */
export interface HitOptions extends CallOptions, HitBody {
  /**
   * The `Idempotency-Key`, at most 255 characters; random when not given. A program that may
   * restart in the middle of a call can repeat it later with its key.
   */
  readonly key?: string | undefined;
}

/** The default counter, or a namespace and a key. */
const NAME = /^(hits|[\w.-]{3,64}\/[\w.-]{3,64})$/;
/** Longer than a replica takes to be replaced, and as long as people wait. */
const TIMEOUT_MS = 10_000;

/** A Seen. All calls fail with `SeenError`; a name that is not valid sends nothing. */
export class Seen {
  readonly #call: Call;
  readonly #stream: Stream;

  /** `url` is the address of Seen. Fails with `TypeError` when it is not a URL. */
  constructor(url: string, { token, timeoutMs = TIMEOUT_MS }: SeenOptions = {}) {
    const base = new URL(url).href.replace(/\/+$/, '');
    this.#call = createCall(base, token, timeoutMs);
    this.#stream = new Stream(`${base}/live?counters=`);
  }

  /**
   * Counts a visit. Returns its number, which no other visit gets; `null` when the counter is
   * private and the token is not its owner's. The first hit creates the counter.
   */
  async hit(
    name: string,
    { key = newKey(), signal, ...body }: HitOptions = {},
  ): Promise<number | null> {
    const path = `${pathOf(name)}/hit`;
    const { value } = await this.#call<Value>('POST', path, { body, key, signal });
    return value;
  }

  /** Reads a counter. */
  async get(name: string, options?: CallOptions): Promise<Counter> {
    return this.#call('GET', pathOf(name), options);
  }

  /** Reads the totals of many counters; `null` for a missing or private one. */
  async values(
    names: readonly string[],
    options?: CallOptions,
  ): Promise<Record<string, number | null>> {
    const all = {};
    for (let at = 0; at < names.length; at += NAMES_MAX) {
      const some = names.slice(at, at + NAMES_MAX).map(checked);
      const path = `/values?names=${some.join()}`;
      const { values } = await this.#call<Values>('GET', path, options);
      Object.assign(all, values);
    }
    return all;
  }

  /** Creates a counter. Its token is in the result, and is not shown again. */
  async create(counter: NewCounter, options?: CallOptions): Promise<CreatedCounter> {
    return this.#call('POST', '/counters', { ...options, body: counter });
  }

  /** Sets a counter's total, rules or texts. Needs its owner's token. */
  async update(name: string, changes: CounterChanges, options?: CallOptions): Promise<Counter> {
    return this.#call('PATCH', pathOf(name), { ...options, body: changes });
  }

  /** Deletes a counter. Needs its owner's token. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    return this.#call('DELETE', pathOf(name), options);
  }

  /**
   * Deletes all counters whose names begin with `prefix`, and returns how many these were. Needs
   * the installation's token. One that fails has deleted some.
   */
  async deleteMany(prefix: string, options?: CallOptions): Promise<number> {
    for (let all = 0; ; ) {
      const path = `/counters${queryOf({ prefix })}`;
      const { deleted, more } = await this.#call<Deleted>('DELETE', path, options);
      all += deleted;
      if (!more) return all;
    }
  }

  /** Returns a new token of the owner, and ends the old one. Needs the old one. */
  async replaceToken(name: string, options?: CallOptions): Promise<string> {
    const { token } = await this.#call<Token>('POST', `${pathOf(name)}/token`, options);
    return token;
  }

  /** Reads the visits by hour, day or month. */
  async history(
    name: string,
    { signal, ...query }: HistoryQuery & CallOptions = {},
  ): Promise<History> {
    return this.#call('GET', `${pathOf(name)}/history${queryOf(query)}`, { signal });
  }

  /** Reads the number of visitors, and the visits by kind. */
  async visitors(name: string, options?: CallOptions): Promise<Visitors> {
    return this.#call('GET', `${pathOf(name)}/visitors`, options);
  }

  /** Reads all counters, page after page. Needs the installation's token. */
  async *list({
    signal,
    ...query
  }: ListQuery & CallOptions = {}): AsyncGenerator<ListedCounter, void> {
    let after: string | undefined;
    do {
      const path = `/counters${queryOf({ ...query, after })}`;
      const { counters, next } = await this.#call<Page>('GET', path, { signal });
      yield* counters;
      after = next;
    } while (after !== undefined);
  }

  /**
   * Calls `onNumber` with the total, and again when it changes; with `null` while the counter does
   * not exist or is private. Returns a function that ends this. All counters that one client
   * watches share a stream, which reconnects by itself.
   */
  watch(name: string, onNumber: (total: number | null) => void): () => void {
    return this.#stream.watch(checked(name), onNumber);
  }
}

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new SeenError(400, 'name-invalid', `${name} is not NAMESPACE/KEY, nor hits`);
}

function pathOf(name: string): string {
  return checked(name) === 'hits' ? '/default' : `/counters/${name}`;
}

/** The parameters that have a value. */
function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `?${new URLSearchParams(given)}`;
}

/** Not `crypto.randomUUID`, which browsers have only on pages with HTTPS. */
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
