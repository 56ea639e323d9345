/**
 * The Redis store: one round trip per batch, shared by all replicas.
 *
 * A batch is one call of one script (`commit.lua`). A connection is used until it fails and then thrown away: after an
 * error or a silence nothing is awaited on it any more, and the next attempt opens a new one. The client's own queueing,
 * reconnecting and resending are off, because a command that is sent again without its sequence number counts twice.
 *
 * Not here: when to try again, which is the counter's decision.
 */
import { createHash } from 'node:crypto';
import { createClient, ErrorReply } from '@redis/client';
import { AppError } from '../counter/errors.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { type Batch, type Outcome, type Store, WRITER_MEMORY_MS } from '../counter/store.ts';
import script from './commit.lua' with { type: 'text' };

export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password, port and database number as in the URL scheme of redis-cli. */
  url: string;
  /** Certificates (PEM) to trust besides the system's, for `rediss://`. */
  ca: string | undefined;
  /** How long the server may be silent, when connecting and when asked, before the connection is dropped. */
  timeoutMs: number;
}

type Client = ReturnType<typeof newClient>;

interface Connection {
  readonly client: Client;
  /** Settles when the server has greeted us, or has not. */
  readonly opened: Promise<void>;
  /** What ended it, as the socket or the parser said. */
  failure?: unknown;
}

const DIGEST = createHash('sha1').update(script).digest('hex');

export class RedisStore implements Store {
  readonly place: string;
  readonly #options: RedisOptions;
  #connection: Connection | undefined;
  #closed = false;

  /** Connects at the first need, not here. */
  constructor(options: RedisOptions) {
    this.#options = options;
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    const command = ['EVALSHA', DIGEST, `${batch.changes.length + 1}`, `seen:writer:${batch.writer}`];
    for (const { counter } of batch.changes) command.push(keyOf(counter));
    command.push(`${batch.sequence}`, `${WRITER_MEMORY_MS}`);
    for (const { amount } of batch.changes) command.push(`${amount}`);
    return parseOutcomes(await this.#ask((client) => run(client, command), 'hit-unconfirmed'));
  }

  /** A key of another type than string reads as missing: that is how MGET answers, in one round trip for all. */
  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const values = await this.#ask((client) => client.mGet(counters.map(keyOf)), 'store-unavailable');
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
    await this.#ask((client) => client.ping(), 'store-unavailable');
  }

  async risks(): Promise<readonly string[]> {
    let config: Record<string, string>;
    try {
      config = await this.#ask(async (client) => {
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
    this.#closed = true;
    if (this.#connection) this.#drop(this.#connection);
    return Promise.resolve();
  }

  /**
   * Asks on the one connection. An error that Redis answers leaves the connection as it is and means that nothing was
   * written. After anything else the connection is dropped, and `codeIfLost` says what that means for the question.
   */
  async #ask<T>(
    question: (client: Client) => Promise<T>,
    codeIfLost: 'store-unavailable' | 'hit-unconfirmed',
  ): Promise<T> {
    if (this.#closed) throw new AppError('store-unavailable', `The store at ${this.place} is closed.`);
    this.#connection ??= this.#open();
    const connection = this.#connection;
    await connection.opened;
    try {
      return await within(this.#options.timeoutMs, question(connection.client));
    } catch (error) {
      if (error instanceof ErrorReply) throw this.#translate(error);
      this.#drop(connection);
      const cause = connection.failure ?? error;
      if (reason(cause).includes('RESP type')) {
        throw new AppError(
          'store-unusable',
          `What answers at ${this.place} is not Redis. Check SEEN_STORE_URL.`,
          { cause },
        );
      }
      throw new AppError(codeIfLost, `The connection to Redis at ${this.place} was lost: ${reason(cause)}.`, {
        cause,
      });
    }
  }

  #open(): Connection {
    const client = newClient(this.#options);
    const connection: Connection = { client, opened: this.#greet(client) };
    // A client without a listener throws its errors into the process. The questions under way are rejected as well.
    client.on('error', (error: unknown) => {
      connection.failure ??= error;
      this.#drop(connection);
    });
    connection.opened.catch(() => this.#drop(connection));
    return connection;
  }

  async #greet(client: Client): Promise<void> {
    try {
      await within(this.#options.timeoutMs, client.connect());
    } catch (error) {
      if (error instanceof ErrorReply) throw this.#translate(error);
      throw new AppError('store-unavailable', `Redis at ${this.place} cannot be reached: ${reason(error)}.`, {
        cause: error,
      });
    }
  }

  #drop(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
    hangUp(connection.client);
  }

  #translate(reply: ErrorReply): AppError {
    const cause = { cause: reply };
    if (reply.message.startsWith('SEQUENCE')) {
      return new AppError('sequence-mismatch', `Redis at ${this.place}: ${reply.message}.`, cause);
    }
    if (
      /^(WRONGPASS|NOAUTH|NOPERM|DENIED|ERR (AUTH|invalid password|unknown command|DB index|Client sent AUTH|The user executing the script))/.test(
        reply.message,
      )
    ) {
      return new AppError(
        'store-unusable',
        `Redis at ${this.place} refuses Seen: ${reply.message}. Check user, password and database in SEEN_STORE_URL, and what the user may do.`,
        cause,
      );
    }
    return new AppError(
      'store-unavailable',
      `Redis at ${this.place} refuses to write: ${reply.message}.`,
      cause,
    );
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

function newClient({ url, ca, timeoutMs }: RedisOptions) {
  const socket = { reconnectStrategy: false, connectTimeout: timeoutMs } as const;
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: ca === undefined || !url.startsWith('rediss:') ? socket : { ...socket, tls: true, ca },
  });
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

function parseOutcomes(answer: string): Outcome[] {
  return answer.split(' ').map((word) => {
    if (word === 'r') return 'out-of-range';
    if (word === 'u') return 'unreadable';
    return Number(word);
  });
}

/** Rejects when `answer` takes longer than `timeoutMs`: no Redis client does that on a peer that is only silent. */
function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer for ${timeoutMs} ms`)), timeoutMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function hangUp(client: Client): void {
  try {
    client.destroy();
  } catch {
    // Not connected any more: that is what was wanted.
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
