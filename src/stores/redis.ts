/**
 * The Redis store: one round trip per batch, shared by all replicas.
 *
 * A batch is one call of one script (`commit.lua`), which is atomic and knows what it has done before. Not here: the
 * connection (`redis-connection.ts`), and when to try again, which is the counter's decision.
 */
import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import { AppError } from '../counter/errors.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { type Batch, KEY_MEMORY_MS, type Outcome, type Store, WRITER_MEMORY_MS } from '../counter/store.ts';
import script from './commit.lua' with { type: 'text' };
import { type Client, RedisConnection, type RedisOptions } from './redis-connection.ts';

export interface RedisStoreOptions extends RedisOptions {
  /** How many keys of requests are remembered at the most, of yesterday and today together. */
  keysMax: number;
  /** Milliseconds since 1970, for telling today from yesterday. */
  now: () => number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DIGEST = createHash('sha1').update(script).digest('hex');

export class RedisStore implements Store {
  readonly place: string;
  readonly #connection: RedisConnection;
  readonly #options: RedisStoreOptions;

  /** Connects at the first need, not here. */
  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
    this.#connection = new RedisConnection(options, this.place);
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    const { writer, sequence, changes } = batch;
    const keys = [`seen:writer:${writer}`];
    for (const { counter } of changes) keys.push(keyOf(counter));
    const asked = keys.length;
    for (const { once } of changes) if (once) keys.push(`seen:once:${once.key}`);
    if (keys.length > asked) {
      const day = Math.floor(this.#options.now() / DAY_MS);
      keys.push(`seen:keys:${day - 1}`, `seen:keys:${day}`);
    }
    const command = ['EVALSHA', DIGEST, `${keys.length}`, ...keys, `${sequence}`, `${WRITER_MEMORY_MS}`];
    command.push(`${changes.length}`, `${KEY_MEMORY_MS}`, `${this.#options.keysMax}`);
    for (const { amount, once } of changes) command.push(once ? `${amount} ${once.request}` : `${amount}`);
    return parseOutcomes(await this.#connection.ask((client) => run(client, command), 'hit-unconfirmed'));
  }

  /** A key of another type than string reads as missing: that is how MGET answers, in one round trip for all. */
  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const values = await this.#connection.ask(
      (client) => client.mGet(counters.map(keyOf)),
      'store-unavailable',
    );
    return values.map((value, index) => {
      if (value === null) return undefined;
      const total = Number(value);
      if (/^-?\d+$/.test(value) && Number.isSafeInteger(total)) return total;
      throw new AppError(
        'counter-unreadable',
        `The Redis key ${keyOf(counters[index] ?? '')} does not hold a whole number. Move it out of the way, or use another name.`,
      );
    });
  }

  async ping(): Promise<void> {
    await this.#connection.ask((client) => client.ping(), 'store-unavailable');
  }

  async risks(): Promise<readonly string[]> {
    let config: Record<string, string>;
    try {
      config = await this.#connection.ask(async (client) => {
        const answers = await Promise.all(SAFE_SETTINGS.map(({ name }) => client.configGet(name)));
        return Object.assign({}, ...answers) as Record<string, string>;
      }, 'store-unavailable');
    } catch (error) {
      if (!(error instanceof AppError) || !(error.cause instanceof ErrorReply)) throw error;
      const wanted = SAFE_SETTINGS.map(({ name, value }) => `${name} ${value}`).join(', ');
      return [
        `Redis does not let this user read its configuration (${error.cause.message}), so whether it can lose counts is unknown. It should run with: ${wanted}.`,
      ];
    }
    return SAFE_SETTINGS.filter(
      ({ name, value }) => config[name] !== undefined && config[name] !== value,
    ).map(
      ({ name, value, risk }) =>
        `Redis runs with ${name} ${config[name]}: ${risk}. Set it with: redis-cli CONFIG SET ${name} ${value}, and in redis.conf.`,
    );
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }
}

/** What Redis must be set to so that it cannot lose or evict a count, and what happens otherwise. */
const SAFE_SETTINGS = [
  { name: 'appendonly', value: 'yes', risk: 'a crash loses every visit since the last snapshot' },
  { name: 'appendfsync', value: 'always', risk: 'a crash loses visits that were answered already' },
  {
    name: 'no-appendfsync-on-rewrite',
    value: 'no',
    risk: 'a crash during a rewrite loses visits that were answered already',
  },
  { name: 'maxmemory-policy', value: 'noeviction', risk: 'counters are evicted when memory is full' },
] as const;

function keyOf(counter: string): string {
  return counter === DEFAULT_COUNTER ? DEFAULT_COUNTER : `seen:total:${counter}`;
}

/** Calls the script by its digest; a server that does not know it (new, restarted, flushed) is told it and asked again. */
async function run(client: Client, command: readonly string[]): Promise<string> {
  try {
    return await client.sendCommand<string>(command);
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
    await client.scriptLoad(script);
    return client.sendCommand<string>(command);
  }
}

/** Why a change was left out, as the script says it. */
const LEFT_OUT: Readonly<Record<string, Outcome>> = {
  r: 'out-of-range',
  u: 'unreadable',
  k: 'key-reused',
  f: 'keys-full',
};

function parseOutcomes(answer: string): Outcome[] {
  return answer.split(' ').map((word) => LEFT_OUT[word] ?? Number(word));
}
