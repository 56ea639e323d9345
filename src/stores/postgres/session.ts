/**
 * One connection to one server, on which one question at a time is in progress.
 *
 * PostgreSQL completes a COMMIT whose wait for the standby was cancelled, with only a warning. So
 * a warning during a question ends the connection, and the question fails. If the connection
 * stays open after an error, nothing was applied; if it ends, nobody knows.
 * Not here: how a connection begins (`greeting.ts`), and which server it is (`connection.ts`).
 */
import { Socket } from 'node:net';
import { type Client, DatabaseError } from 'pg';
import { AppError, messageOf } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import { type PostgresUrl, shownUrl } from '../../postgres-url.ts';
import { type CodeIfLost, LEAVE_AFTER_MS } from '../server.ts';
import { greet, isPostgres, newClient } from './greeting.ts';
import type { Server } from './hosts.ts';
import { refusalOf } from './refusals.ts';
import type { Encryption } from './tls.ts';

/**
 * Classes of SQLSTATE after which a statement may have been applied: connection, operator's
 * intervention, system, internal. Proxies report the end of a server's connection with them, and
 * keep their own to the client.
 */
const MAYBE_APPLIED = /^(08|57|58|XX)/;

/**
 * PostgreSQL's functions whose warnings do not concern the commit: they warn at each new
 * transaction id when only some millions are left. Their SQLSTATE is that of a cancelled wait, and
 * messages may be translated. A warning of any other function counts as a cancelled wait.
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/access/transam/varsup.c
 */
const HARMLESS: ReadonlySet<string> = new Set(['GetNewTransactionId', 'GetNewMultiXactId']);

/** One connection to one PostgreSQL server; a failed one is never used again. */
export class Session {
  readonly server: Server;
  readonly #place: string;
  readonly #urlIn: string;
  readonly #client: Client;
  readonly #socket = new Socket();
  readonly #openedAt = performance.now();
  readonly #onLost: (server: Server) => void;
  /** Settles when all questions so far have been answered. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The number of questions in progress and waiting. */
  #unanswered = 0;
  /** Whether the question in progress writes visits. */
  #counting = false;
  #failure: Error | undefined;
  #over = false;

  /** `onLost` is called when the next attempt should not begin with this server. */
  constructor(
    server: Server,
    encryption: Encryption,
    url: PostgresUrl,
    urlIn: string,
    onLost: (server: Server) => void,
  ) {
    this.server = server;
    this.#place = shownUrl({ hosts: [server], database: url.database });
    this.#urlIn = urlIn;
    this.#onLost = onLost;
    this.#client = newClient(this.#socket, server, encryption, url, urlIn);
    // A client without a listener throws its errors into the process.
    this.#client.on('error', (error) => this.fail(error));
    this.#client.on('notice', ({ code, message, routine }) => {
      if (!this.#counting || code?.startsWith('00') || HARMLESS.has(routine ?? '')) return;
      this.fail(new Error(`it warned: ${message} (${code})`));
    });
    this.#socket.once('data', (bytes: Buffer) => {
      if (isPostgres(bytes, encryption !== false)) return;
      const message = `What answers at ${this.#place} is not PostgreSQL. Check ${urlIn}.`;
      this.fail(new AppError('store-unusable', message));
    });
  }

  /** Whether it takes no more questions. */
  get over(): boolean {
    return this.#over;
  }

  /** Connects. Fails, within `limitMs`, when this is no primary that Seen can use. */
  async open(limitMs: number): Promise<void> {
    try {
      await within(limitMs, greet(this.#client, this.#place, this.#urlIn), () =>
        this.#late(limitMs),
      );
    } catch (error) {
      this.fail(error);
      const cause = this.#failure;
      if (cause instanceof AppError) throw cause;
      if (isReply(cause)) throw refusalOf(cause, this.#place, this.#urlIn).error;
      const away = `PostgreSQL at ${this.#place} cannot be reached: ${messageOf(cause)}.`;
      throw new AppError('store-unavailable', away, { cause });
    }
  }

  /**
   * Asks when the earlier questions have been answered. Fails within `limitMs`, unless that is
   * undefined: with `codeIfLost` when the question may have been applied, with `store-unavailable`
   * when it was not sent, and otherwise with the code of the server's error. The connection is
   * lost when the server itself takes longer than that for one question.
   */
  async ask<T>(
    question: (client: Client) => Promise<T>,
    codeIfLost: CodeIfLost,
    limitMs: number | undefined,
  ): Promise<T> {
    let code: CodeIfLost = 'store-unavailable';
    let isGivenUp = false;
    const giveUp = () => {
      isGivenUp = true;
      const late = `no answer for ${Math.round(limitMs ?? 0)} ms, because earlier ones took long`;
      throw new AppError(code, `PostgreSQL at ${this.#place} is slow: ${late}.`);
    };
    const waits = this.#unanswered > 0;
    this.#unanswered++;
    const answer = this.#turn
      .then(() => {
        if (this.#failure !== undefined) throw this.#failure;
        if (isGivenUp) return giveUp();
        code = codeIfLost;
        const answered = this.#answer(question, codeIfLost === 'hit-unconfirmed');
        if (limitMs === undefined) return answered;
        return within(limitMs, answered, () => this.#late(limitMs));
      })
      .finally(() => this.#unanswered--);
    this.#turn = answer.catch(() => undefined);
    try {
      // A question that was sent late is given up before the server has had `limitMs`.
      return await (waits && limitMs !== undefined ? within(limitMs, answer, giveUp) : answer);
    } catch (error) {
      throw this.#translated(error, code);
    }
  }

  async #answer<T>(question: (client: Client) => Promise<T>, counting: boolean): Promise<T> {
    this.#counting = counting;
    try {
      const value = await question(this.#client);
      // The warning may have come in one piece with the answer.
      if (this.#failure !== undefined) throw this.#failure;
      return value;
    } catch (error) {
      // Shows whether the connection goes on after the error.
      if (counting && isReply(error)) await this.#client.query('').catch(() => undefined);
      throw error;
    } finally {
      this.#counting = false;
    }
  }

  #translated(error: unknown, codeIfLost: CodeIfLost): AppError {
    const lost = this.#failure !== undefined;
    if (isReply(error)) {
      const refusal = refusalOf(error, this.#place, this.#urlIn);
      if (refusal.leave && performance.now() - this.#openedAt > LEAVE_AFTER_MS) this.leave();
      return lost || MAYBE_APPLIED.test(error.code)
        ? new AppError(codeIfLost, refusal.error.message, { cause: error })
        : refusal.error;
    }
    if (error instanceof AppError && !lost) return error;
    this.fail(error);
    const cause = this.#failure;
    const message = `The connection to PostgreSQL at ${this.#place} was lost: ${messageOf(cause)}.`;
    return new AppError(codeIfLost, message, { cause });
  }

  #late(limitMs: number): never {
    const error = new Error(`no answer for ${Math.round(limitMs)} ms`);
    this.fail(error);
    throw error;
  }

  /** Takes no more questions, and disconnects when those so far have been answered. */
  leave(): void {
    this.#over = true;
    this.#onLost(this.server);
    void this.#turn.then(() => this.#client.end());
  }

  /** Disconnects at once. Questions in progress fail because of `cause`, or an earlier failure. */
  fail(cause: unknown): void {
    this.#over = true;
    if (this.#failure === undefined) {
      this.#failure = cause instanceof Error ? cause : new Error(String(cause));
      this.#onLost(this.server);
    }
    this.#socket.destroy();
  }
}

/** An error reply of the server, and not one of the client's own parser. */
function isReply(error: unknown): error is DatabaseError & { code: string } {
  return error instanceof DatabaseError && error.code !== undefined;
}
