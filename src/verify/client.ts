/**
 * One client: sends requests on its connection, reconnects when it is lost, and reports requests
 * and results. It never repeats a request, except visits with an idempotency key, which it repeats
 * until they are answered.
 */
/* eslint-disable no-await-in-loop -- a client does one thing after the other */
import { Connection, Unanswered } from './connection.ts';
import type { Tally } from './figures.ts';
import type { Operation } from './history.ts';
import type { Judge } from './judge.ts';
import { codeIn, numberIn, requestFor, type Target } from './target.ts';

/** The options that all clients of a run share. */
export interface RunContext {
  readonly target: Target;
  /** The time after which a client gives up. */
  readonly timeoutMs: number;
  /** The start of the run, on the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly judge: Judge;
  readonly tally: Tally;
  readonly onOperation: ((operation: Operation) => void) | undefined;
  /** Aborted when the run should end: requests are no longer repeated. */
  readonly interrupted: AbortSignal;
  /** Returns an unused connection number. */
  newConnection(): number;
}

/** A connection, and its number in the history. */
interface Line {
  readonly id: number;
  connection: Connection | undefined;
}

/** The options of one request. */
interface RequestOptions {
  /** The key of the visit or read. */
  readonly key?: string;
  /** Whether the visit was answered already. */
  readonly repeats?: boolean;
  /** The timeout. */
  readonly limitMs?: number;
}

/** The result of one request; `temporary` when the next one may succeed. */
interface RequestResult {
  readonly number?: number | undefined;
  readonly temporary?: boolean;
}

/** The pause of a client after a failure, to avoid overloading a service that is down. */
const PAUSE_MS = 20;
/**
 * The part of the timeout for one attempt when requests are repeated; otherwise a silent peer
 * would use all of it.
 */
const TRIES = 5;

/** A client of a run. */
export class Client {
  readonly #context: RunContext;
  readonly #keeps: boolean;
  #line: Line | undefined;

  /** `keeps`: whether it keeps its connection, or opens a new one for each request. */
  constructor(context: RunContext, keeps: boolean) {
    this.#context = context;
    this.#keeps = keeps;
  }

  /** Visits once; `due` is the scheduled time. */
  async visit(due: number): Promise<void> {
    const { number } = await this.#ask('hit', due);
    if (number === undefined) await Bun.sleep(PAUSE_MS);
  }

  /**
   * Visits with a key until it gets a number or times out; then, if `twice`, once more on another
   * connection.
   */
  async visitUnderKey(due: number, key: string, twice: boolean): Promise<void> {
    const { number } = await this.#askUntilAnswered('hit', due, key);
    if (twice && number !== undefined) {
      this.hangUp();
      await this.#askUntilAnswered('hit', performance.now(), key, true);
    }
    this.#context.judge.settled(key);
  }

  /** Reads; if `untilAnswered`, until it gets a number or times out. */
  async read(untilAnswered: boolean): Promise<void> {
    if (!untilAnswered) {
      await this.#ask('read', performance.now());
      return;
    }
    const key = crypto.randomUUID();
    await this.#askUntilAnswered('read', performance.now(), key);
    this.#context.judge.settled(key);
  }

  hangUp(): void {
    if (!this.#line) return;
    this.#line.connection?.close();
    this.#context.judge.closed(this.#line.id);
    this.#line = undefined;
  }

  async #askUntilAnswered(
    type: Operation['type'],
    due: number,
    key: string,
    repeats = false,
  ): Promise<RequestResult> {
    const { timeoutMs, interrupted } = this.#context;
    const giveUpAt = performance.now() + timeoutMs;
    for (;;) {
      const got = await this.#ask(type, due, { key, repeats, limitMs: timeoutMs / TRIES });
      if (!got.temporary || performance.now() + PAUSE_MS > giveUpAt || interrupted.aborted)
        return got;
      await Bun.sleep(PAUSE_MS);
    }
  }

  async #ask(
    type: Operation['type'],
    due: number,
    how: RequestOptions = {},
  ): Promise<RequestResult> {
    const { key, repeats = false, limitMs = this.#context.timeoutMs } = how;
    const { target, judge, tally, startedAt, onOperation } = this.#context;
    // Servers close idle connections. On a new one, nothing was sent before: nothing is repeated.
    if (this.#line?.connection?.open === false) this.hangUp();
    this.#line ??= { id: this.#context.newConnection(), connection: undefined };
    const { id } = this.#line;
    const begun = judge.begin(type, id, key);
    const start = performance.now();
    const { temporary, ...got } = await this.#exchange(
      this.#line,
      type,
      requestFor(
        target,
        (type === 'hit' ? target.hitPath : target.readPath) ?? '',
        this.#keeps,
        type === 'hit' ? key : undefined,
      ),
      limitMs,
    );
    const end = performance.now();
    judge.end(begun, got);
    const second = Math.floor((end - startedAt) / 1000);
    if (got.failure !== undefined) tally.failed(second);
    else if (type === 'hit' && !repeats) tally.answered(second, end - due, got.servedBy);
    if (got.number !== undefined || got.failure !== undefined) {
      onOperation?.({
        type,
        connection: id,
        key,
        start: start - startedAt,
        end: end - startedAt,
        ...got,
      });
    }
    if (!this.#keeps || !this.#line.connection?.open) this.hangUp();
    return { number: got.number, temporary };
  }

  async #exchange(line: Line, type: Operation['type'], request: string, limitMs: number) {
    const { target } = this.#context;
    try {
      line.connection ??= await Connection.open(target, limitMs);
      const { status, body, servedBy } = await line.connection.ask(request, limitMs);
      // A counter without hits has no total.
      if (type === 'read' && status === 404) return { servedBy, temporary: false };
      const number = status === 200 ? numberIn(body) : undefined;
      if (number !== undefined) return { number, servedBy, temporary: false };
      const failure = status === 200 ? 'no number' : `status ${status}${codeIn(body)}`;
      return { failure, servedBy, temporary: status === 429 || status >= 500 };
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      line.connection?.close();
      return { failure: error.message, temporary: true };
    }
  }
}
