/**
 * The one connection of a Redis store: each call has a deadline, and a failed connection is
 * dropped for good.
 *
 * After an error or a timeout a connection is not used any more, and the next call opens a new
 * one. The same holds for error replies of a server that may have been replaced: after a failover
 * the name leads to another server, and each connection resolves it again. The client's own
 * queueing, reconnecting and resending are off, because a command that is resent blindly counts
 * twice. Not here: messages for Redis' error replies (`refusals.ts`).
 */
import { createClient, ErrorReply } from '@redis/client';
import { AppError, messageOf, storeClosed } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import { type CodeIfLost, LEAVE_AFTER_MS } from '../server.ts';
import { refusalOf } from './refusals.ts';

export interface RedisOptions {
  /**
   * `redis://` or `rediss://`, with user, password, port and database number as in the URL scheme
   * of redis-cli.
   */
  url: string;
  /** Certificates (PEM) to trust instead of the system's, for `rediss://`. */
  ca: string | undefined;
  /** The name of the URL's setting, for advice. */
  urlIn?: string;
  /** Whether the server is a node of a Redis Cluster. */
  inCluster?: boolean;
  /**
   * How long the server may be silent, when connecting and after a call, before the connection is
   * dropped.
   */
  timeoutMs: number;
}

/** The client, as far as calls need it. */
export type Client = ReturnType<typeof newClient>;

interface Connection {
  readonly client: Client;
  /** Settles when connecting has succeeded or failed. */
  readonly opened: Promise<void>;
  /** On the clock of `performance.now()`. */
  readonly openedAt: number;
  /** The error that ended it, from the socket or the parser. */
  failure?: unknown;
}

/** One connection at a time to one Redis server; a failed one is never used again. */
export class RedisConnection {
  /** The server's name in errors: its URL without user and password. */
  readonly place: string;
  readonly #options: RedisOptions;
  #connection: Connection | undefined;
  #closed = false;
  readonly #urlIn: string;

  /** Connects on first use, not here. */
  constructor(options: RedisOptions) {
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
    this.#options = options;
    this.#urlIn = options.urlIn ?? 'SEEN_STORE_URL';
  }

  /**
   * Calls `question` on the one connection. After an error reply of Redis nothing was written; the
   * next call may open a new connection, and calls in progress keep this one. After any other
   * error the connection is dropped, and the call fails with `codeIfLost`.
   */
  async ask<T>(question: (client: Client) => Promise<T>, codeIfLost: CodeIfLost): Promise<T> {
    if (this.#closed) throw storeClosed(this.place);
    this.#connection ??= this.#open();
    const connection = this.#connection;
    await connection.opened;
    try {
      return await this.#within(question(connection.client));
    } catch (error) {
      if (error instanceof ErrorReply) {
        const refusal = this.#refusalOf(error);
        if (refusal.leave && performance.now() - connection.openedAt > LEAVE_AFTER_MS) {
          this.#leave(connection);
        }
        throw refusal.error;
      }
      this.#drop(connection);
      const cause = connection.failure ?? error;
      if (messageOf(cause).includes('RESP type')) {
        throw new AppError(
          'store-unusable',
          `What answers at ${this.place} is not Redis. Check ${this.#urlIn}.`,
          { cause },
        );
      }
      const lost = `The connection to Redis at ${this.place} was lost: ${messageOf(cause)}.`;
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
    // A client without a listener throws its errors into the process. Calls in progress are
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
      if (error instanceof ErrorReply) throw this.#refusalOf(error).error;
      const away = `Redis at ${this.place} cannot be reached: ${messageOf(error)}.`;
      throw new AppError('store-unavailable', away, { cause: error });
    }
  }

  #refusalOf(reply: ErrorReply) {
    return refusalOf(reply, this.place, this.#urlIn, this.#options.inCluster);
  }

  /** No Redis client has a timeout for a silent peer. */
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
   * Sends no more calls on this connection, which closes when the calls in progress have replies.
   */
  #leave(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
    // A call without a reply closes the connection at its deadline.
    connection.client.close().catch(() => undefined);
  }

  /** Closes the connection when the calls in progress have replies; later calls open another. */
  leave(): void {
    if (this.#connection) this.#leave(this.#connection);
  }

  /** Closes the connection; later calls fail. */
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
    // Already disconnected.
  }
}
