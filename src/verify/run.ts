/**
 * A run: clients of two kinds visit together, those that keep their connection and those that open one for each visit, and a
 * reader reads. Each tells the judge what it did. Nothing is tried twice.
 *
 * With a rate the load is open-loop: visits are due at fixed times, whether earlier ones have been answered or not, and how long one
 * took counts from when it was due, so that a service that stalls is not spared the visits it has kept from coming (Gil Tene calls
 * the mistake coordinated omission). Without one each client visits again as soon as it has its answer.
 */
/* eslint-disable no-await-in-loop -- a client does one thing after the other */
import { Connection, Unanswered } from './connection.ts';
import { type Figures, Tally } from './figures.ts';
import type { Frame, Operation } from './history.ts';
import { type Finding, Judge } from './judge.ts';
import { look } from './look.ts';
import { numberIn, requestFor, type Target } from './target.ts';

export interface RunOptions {
  readonly target: Target;
  readonly clients: number;
  /** The run ends after so many visits, or after so long, or when `stop` says so. */
  readonly visits?: number | undefined;
  readonly forMs?: number | undefined;
  /** Visits a second; without it as many as come. */
  readonly rate?: number | undefined;
  /** After how long a client gives up. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
  /** Told of each operation that has ended. */
  readonly onOperation?: ((operation: Operation) => void) | undefined;
}

export interface Result {
  readonly frame: Frame;
  readonly findings: readonly Finding[];
}

/** A reader asks so often: each read is one more request, and a few a second find a total that goes back. */
const READ_MS = 50;
/** A client that got nothing waits so long before it comes again, so as not to storm a service that is down. */
const PAUSE_MS = 20;

export class Run {
  readonly #options: RunOptions;
  readonly #tally = new Tally();
  #judge = new Judge(0);
  #startedAt = 0;
  #endedAt: number | undefined;
  #begun = 0;
  #connections = 0;
  #over = false;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Resolves when the run has ended and is judged. Fails with `Unanswered` when the service does not answer at the beginning. */
  async go(): Promise<Result> {
    const { target, timeoutMs, clients, forMs, stop } = this.#options;
    const early = await look(target, timeoutMs);
    const before = await look(target, timeoutMs);
    this.#judge = new Judge(before.last);
    this.#startedAt = performance.now();
    const timer = forMs === undefined ? undefined : setTimeout(() => (this.#over = true), forMs);
    const interrupt = () => (this.#over = true);
    stop.addEventListener('abort', interrupt);
    if (stop.aborted) interrupt();

    const reading = this.#read();
    await Promise.all(Array.from({ length: clients }, (_, index) => this.#visit(index % 2 === 0)));
    this.#over = true;
    this.#endedAt = performance.now();
    await reading;
    clearTimeout(timer);
    stop.removeEventListener('abort', interrupt);

    const after = await look(target, timeoutMs).catch(() => undefined);
    const moved = before.first !== early.last + 1 || before.moved || (after?.moved ?? false);
    const frame = { before: before.last, after: after?.first, others: moved };
    return { frame, findings: this.#judge.verdict(frame) };
  }

  get figures(): Figures {
    const { latencies, servedBy, seconds } = this.#tally;
    return {
      elapsedMs: this.#startedAt === 0 ? 0 : (this.#endedAt ?? performance.now()) - this.#startedAt,
      answered: this.#judge.answered,
      failures: this.#judge.failures,
      latencies,
      servedBy,
      seconds,
    };
  }

  /** One client, to the end of the run. */
  async #visit(keeps: boolean): Promise<void> {
    const { target } = this.#options;
    const request = requestFor(target, target.hitPath, keeps);
    let line: Line | undefined;
    for (;;) {
      const due = await this.#next();
      if (due === undefined) break;
      line ??= { id: ++this.#connections, connection: undefined };
      const fine = await this.#ask('hit', line, request, due);
      if (!keeps || !line.connection?.open) {
        this.#hangUp(line);
        line = undefined;
      }
      if (!fine && !this.#over) await Bun.sleep(PAUSE_MS);
    }
    if (line) this.#hangUp(line);
  }

  async #read(): Promise<void> {
    const { target } = this.#options;
    if (target.readPath === undefined) return;
    const request = requestFor(target, target.readPath, true);
    let line: Line = { id: ++this.#connections, connection: undefined };
    while (!this.#over) {
      await this.#ask('read', line, request, performance.now());
      if (!line.connection?.open) {
        this.#hangUp(line);
        line = { id: ++this.#connections, connection: undefined };
      }
      await Bun.sleep(READ_MS);
    }
    this.#hangUp(line);
  }

  /** When the next visit is due, once it is; `undefined` at the end of the run. */
  async #next(): Promise<number | undefined> {
    const { visits, rate } = this.#options;
    if (this.#over || (visits !== undefined && this.#begun >= visits)) return undefined;
    const number = this.#begun++;
    if (rate === undefined) return performance.now();
    const due = this.#startedAt + (number * 1000) / rate;
    const early = due - performance.now();
    // Bun sleeps whole milliseconds, and would wake up before the visit is due.
    if (early > 0) await Bun.sleep(Math.ceil(early));
    return this.#over ? undefined : due;
  }

  /** Asks once, and tells the judge. Answers whether it got a number. */
  async #ask(type: Operation['type'], line: Line, request: string, due: number): Promise<boolean> {
    const { target, timeoutMs, onOperation } = this.#options;
    const begun = this.#judge.begin(type, line.id);
    const start = performance.now();
    let number: number | undefined;
    let failure: string | undefined;
    let servedBy: string | undefined;
    try {
      line.connection ??= await Connection.open(target, timeoutMs);
      const answer = await line.connection.ask(request, timeoutMs);
      servedBy = answer.servedBy;
      if (answer.status === 200) number = numberIn(answer.body);
      // A counter that nobody has hit yet stands at nothing.
      else if (type === 'read' && answer.status === 404) return true;
      if (number === undefined) failure = answer.status === 200 ? 'no number' : `status ${answer.status}`;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      failure = error.message;
      line.connection?.close();
    }
    const end = performance.now();
    this.#judge.end(begun, { number, failure });
    const at = Math.floor((end - this.#startedAt) / 1000);
    if (number === undefined) this.#tally.failed(at);
    else if (type === 'hit') this.#tally.answered(at, end - due, servedBy);
    onOperation?.({
      type,
      connection: line.id,
      start: start - this.#startedAt,
      end: end - this.#startedAt,
      number,
      failure,
      servedBy,
    });
    return number !== undefined;
  }

  #hangUp(line: Line): void {
    line.connection?.close();
    this.#judge.closed(line.id);
  }
}

/** A client's connection, and its number in the history. */
interface Line {
  readonly id: number;
  connection: Connection | undefined;
}
