/**
 * The connections of a PostgreSQL store: one for each purpose, each call with a deadline.
 *
 * After a lost connection or a timeout the next call opens another one, which may lead to another
 * server. This file repeats only calls that PostgreSQL has undone; the counter repeats batches.
 * Not here: one connection (`session.ts`), order of servers (`hosts.ts`), errors (`refusals.ts`).
 */
import type { Client } from 'pg';
import { AppError, messageOf, storeClosed } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import {
  type PostgresHost,
  type PostgresUrl,
  readPostgresUrl,
  shownUrl,
} from '../../postgres-url.ts';
import type { CodeIfLost } from '../server.ts';
import { firstOf } from './first-of.ts';
import { Hosts, type Server } from './hosts.ts';
import { isCollision } from './refusals.ts';
import { Session } from './session.ts';
import { encryptionsFor } from './tls.ts';

export interface PostgresOptions {
  /** A URL that `readPostgresUrl` reads. */
  url: string;
  /** Certificates (PEM) to trust instead of the system's. */
  ca: string | undefined;
  /** The name of the URL's setting, for advice. */
  urlIn?: string;
  /** How long a call may take, including a new connection but not an update of the schema. */
  timeoutMs: number;
}

/** What connections are for: each has one of its own, so that one does not wait for another. */
export type Purpose = 'commits' | 'changes' | 'limits' | 'reads';

/**
 * Prepares each new connection to a primary for its first use, and may throw an AppError. Ends by
 * `endsAt`, on the clock of `performance.now()`, unless it updates the schema.
 */
export type Prepare = (session: Session, endsAt: number) => Promise<void>;

interface Connection {
  /** Undefined unless connecting; settles when that has succeeded or failed. */
  opening?: Promise<Session> | undefined;
  /** While connecting, the session that is being tried. */
  session?: Session;
}

/** The most attempts at a call that collides with another transaction each time. */
const ATTEMPTS = 5;

/** One PostgreSQL database: a connection for each purpose, to the server that is the primary. */
export class PostgresDatabase {
  /** The servers and the database in errors: the URL without user and password. */
  readonly place: string;
  /** The number of hosts in the URL. */
  readonly hostCount: number;
  readonly #options: PostgresOptions;
  readonly #prepare: Prepare;
  readonly #urlIn: string;
  readonly #url: PostgresUrl;
  readonly #hosts: Hosts;
  readonly #connections = new Map<Purpose, Connection>();
  #closed = false;

  /** Connects on first use, not here. Fails with `settings-invalid` for a URL with a mistake. */
  constructor({ prepare, ...options }: PostgresOptions & { prepare: Prepare }) {
    this.#options = options;
    this.#prepare = prepare;
    this.#urlIn = options.urlIn ?? 'SEEN_STORE_URL';
    const url = readPostgresUrl(options.url);
    if (typeof url === 'string') throw new AppError('settings-invalid', `${this.#urlIn} ${url}.`);
    this.#url = url;
    this.place = shownUrl(url);
    this.hostCount = url.hosts.length;
    this.#hosts = new Hosts(url.hosts);
  }

  /**
   * Calls the function `seen.NAME` with `args` as one JSON value, and returns its result. A call
   * is one statement, and so one transaction. After a collision with another transaction it is
   * repeated at once, within the same deadline. Fails as `ask` does.
   */
  async call<T>(
    purpose: Purpose,
    name: string,
    args: unknown,
    codeIfLost: CodeIfLost,
  ): Promise<T> {
    const query = {
      name: `seen.${name}`,
      text: `SELECT seen.${name}($1::jsonb)`,
      values: [JSON.stringify(args)],
      rowMode: 'array' as const,
    };
    const question = (client: Client) => client.query<[T]>(query);
    const endsAt = performance.now() + this.#options.timeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        // eslint-disable-next-line no-await-in-loop -- calling again
        const { rows } = await this.ask(purpose, question, codeIfLost, endsAt);
        return rows[0]?.[0] as T;
      } catch (error) {
        const isLast = attempt === ATTEMPTS || performance.now() > endsAt;
        if (isLast || !isCollision(error)) throw error;
      }
    }
  }

  /**
   * Asks on the connection of `purpose`, until `endsAt` on the clock of `performance.now()`. One
   * question at a time is in progress there, so it may have several statements; a transaction that
   * it begins, it must also end after errors.
   *
   * Fails with `codeIfLost` when it is unknown whether the question was applied: for
   * `hit-unconfirmed` also after a warning. Any other code means that nothing was applied.
   */
  async ask<T>(
    purpose: Purpose,
    question: (client: Client) => Promise<T>,
    codeIfLost: CodeIfLost,
    endsAt = performance.now() + this.#options.timeoutMs,
  ): Promise<T> {
    if (this.#closed) throw storeClosed(this.place);
    const session = await this.#sessionFor(purpose, endsAt);
    const leftMs = endsAt - performance.now();
    // After a long update of the schema nothing is left.
    return session.ask(question, codeIfLost, leftMs > 0 ? leftMs : this.#options.timeoutMs);
  }

  async #sessionFor(purpose: Purpose, endsAt: number): Promise<Session> {
    const connection = this.#connections.get(purpose) ?? {};
    this.#connections.set(purpose, connection);
    const { session, opening } = connection;
    if (opening) return opening;
    if (session && !session.over) {
      if (session.server.id === this.#hosts.current) return session;
      // Another connection has found another primary since.
      session.leave();
    }
    connection.opening = this.#connect(connection, endsAt).finally(() => {
      connection.opening = undefined;
    });
    return connection.opening;
  }

  async #connect(connection: Connection, endsAt: number): Promise<Session> {
    const session = await firstOf(this.#hosts.inOrder(), endsAt, async (host, hostEndsAt) => {
      const servers = await this.#serversOf(host, hostEndsAt);
      const tries = servers.flatMap((server) =>
        encryptionsFor(this.#url.sslmode, server, this.#options.ca).map((encryption) => ({
          server,
          encryption,
        })),
      );
      return firstOf(tries, hostEndsAt, async ({ server, encryption }, tryEndsAt) => {
        if (this.#closed) throw storeClosed(this.place);
        const candidate = new Session(server, encryption, this.#url, this.#urlIn, (lost) =>
          this.#hosts.lost(lost),
        );
        connection.session = candidate;
        await candidate.open(tryEndsAt - performance.now());
        return candidate;
      });
    });
    this.#hosts.connected(session.server);
    try {
      await this.#prepare(session, endsAt);
    } catch (error) {
      session.fail(error);
      throw error;
    }
    return session;
  }

  async #serversOf(host: PostgresHost, endsAt: number): Promise<readonly Server[]> {
    const limitMs = endsAt - performance.now();
    try {
      return await within(limitMs, this.#hosts.serversOf(host), () => {
        throw new Error(`no address for ${Math.round(limitMs)} ms`);
      });
    } catch (error) {
      const place = shownUrl({ hosts: [host], database: this.#url.database });
      const message = `PostgreSQL at ${place} cannot be reached: ${messageOf(error)}.`;
      throw new AppError('store-unavailable', message, { cause: error });
    }
  }

  /** Closes all connections at once; calls in progress and later ones fail. */
  close(): void {
    this.#closed = true;
    for (const { session } of this.#connections.values()) {
      session?.fail(new Error('the store was closed'));
    }
  }
}
