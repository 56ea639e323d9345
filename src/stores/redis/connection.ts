/**
 * The one connection of a Redis store: asked with a deadline, and dropped for good when it fails.
 *
 * After an error or a silence nothing is awaited on a connection any more, and the next question
 * opens a new one. So it is when the server refuses as one that another may have replaced: after a
 * failover the name leads elsewhere, and it is looked up anew for each connection. The client's
 * own queueing, reconnecting and resending are off, because a command that is sent again by
 * somebody who does not know what it means counts twice. Errors leave here in our own words; those
 * that Redis answers are in `refusals.ts`.
 */
import { createClient, ErrorReply } from '@redis/client';
import { AppError } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import { refusalOf } from './refusals.ts';

export interface RedisOptions {
  /**
   * `redis://` or `rediss://`, with user, password, port and database number as in the URL scheme
   * of redis-cli.
   */
  url: string;
  /** Certificates (PEM) to trust besides the system's, for `rediss://`. */
  ca: string | undefined;
  /** Where the URL stands, for advice. */
  urlIn?: string;
  /**
   * How long the server may be silent, when connecting and when asked, before the connection is
   * dropped.
   */
  timeoutMs: number;
}

/** The client, as far as questions need it. */
export type Client = ReturnType<typeof newClient>;

interface Connection {
  readonly client: Client;
  /** Settles when the server has greeted us, or has not. */
  readonly opened: Promise<void>;
  /** On the clock of `performance.now()`. */
  readonly openedAt: number;
  /** What ended it, as the socket or the parser said. */
  failure?: unknown;
}

/**
 * A connection that was refused on is left when it is this old: about as often as a batch is sent
 * again, so that those who ask more often, as limits do, do not open hundreds a second.
 */
const LEAVE_AFTER_MS = 500;

export class RedisConnection {
  /** What errors call the server: its URL without user and password. */
  readonly place: string;
  readonly #options: RedisOptions;
  #connection: Connection | undefined;
  #closed = false;
  readonly #urlIn: string;

  /** Connects at the first question, not here. */
  constructor(options: RedisOptions) {
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
    this.#options = options;
    this.#urlIn = options.urlIn ?? 'SEEN_STORE_URL';
  }

  /**
   * Asks on the one connection. An error that Redis answers means that nothing was written; then
   * the next question may open a new connection, and those under way keep this one. After anything
   * else the connection is dropped, and `codeIfLost` says what that means for the question.
   */
  async ask<T>(
    question: (client: Client) => Promise<T>,
    codeIfLost: 'store-unavailable' | 'hit-unconfirmed',
  ): Promise<T> {
    if (this.#closed)
      throw new AppError('store-unavailable', `The store at ${this.place} is closed.`);
    this.#connection ??= this.#open();
    const connection = this.#connection;
    await connection.opened;
    try {
      return await this.#within(question(connection.client));
    } catch (error) {
      if (error instanceof ErrorReply) {
        const refusal = refusalOf(error, this.place, this.#urlIn);
        if (refusal.leave && performance.now() - connection.openedAt > LEAVE_AFTER_MS) {
          this.#leave(connection);
        }
        throw refusal.error;
      }
      this.#drop(connection);
      const cause = connection.failure ?? error;
      if (reason(cause).includes('RESP type')) {
        throw new AppError(
          'store-unusable',
          `What answers at ${this.place} is not Redis. Check ${this.#urlIn}.`,
          { cause },
        );
      }
      const lost = `The connection to Redis at ${this.place} was lost: ${reason(cause)}.`;
      throw new AppError(codeIfLost, lost, { cause });
    }
  }

  #open(): Connection {
    const client = newClient(this.#options);
    const connection: Connection = {
      client,
      opened: this.#greet(client),
      openedAt: performance.now(),
    };
    // A client without a listener throws its errors into the process. The questions under way are
    // rejected as well.
    client.on('error', (error: unknown) => {
      connection.failure ??= error;
      this.#drop(connection);
    });
    connection.opened.catch(() => this.#drop(connection));
    return connection;
  }

  async #greet(client: Client): Promise<void> {
    try {
      await this.#within(client.connect());
    } catch (error) {
      if (error instanceof ErrorReply) throw refusalOf(error, this.place, this.#urlIn).error;
      const away = `Redis at ${this.place} cannot be reached: ${reason(error)}.`;
      throw new AppError('store-unavailable', away, { cause: error });
    }
  }

  /** No Redis client gives up a peer that is only silent. */
  #within<T>(answer: Promise<T>): Promise<T> {
    const { timeoutMs } = this.#options;
    return within(timeoutMs, answer, () => {
      throw new Error(`no answer for ${timeoutMs} ms`);
    });
  }

  #drop(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
    hangUp(connection.client);
  }

  /**
   * Asks nothing more on this connection, which ends when the questions under way are answered.
   */
  #leave(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
    // One that is not answered any more is hung up by its own deadline.
    connection.client.close().catch(() => undefined);
  }

  /** Hangs up; what is asked afterwards fails. */
  close(): void {
    this.#closed = true;
    if (this.#connection) this.#drop(this.#connection);
  }
}

function newClient({ url, ca, timeoutMs }: RedisOptions) {
  const socket = { reconnectStrategy: false, connectTimeout: timeoutMs } as const;
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    // Ours is the only deadline: the client's would give up a command and keep the connection.
    commandOptions: { timeout: 0 },
    socket: ca === undefined || !url.startsWith('rediss:') ? socket : { ...socket, tls: true, ca },
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
