/**
 * A run: clients that keep their connection and clients that open one for each visit work in
 * parallel, with a reader. All report to the judge.
 *
 * With a rate the load is open-loop: visits are due at fixed times, regardless of earlier answers,
 * and latency counts from the due time. This avoids coordinated omission (Gil Tene), in which a
 * stalled service gets fewer visits. Without a rate each client visits again as soon as it has its
 * answer.
 */
/* eslint-disable no-await-in-loop -- a client does one thing after the other */
import { Client, type RunContext } from './client.ts';
import { type Figures, Tally } from './figures.ts';
import type { Finding } from './finding.ts';
import type { Frame, Operation } from './history.ts';
import { Judge } from './judge.ts';
import { lookAfter, lookBefore } from './look.ts';
import type { Target } from './target.ts';

/** The options of a run. */
export interface RunOptions {
  readonly target: Target;
  readonly clients: number;
  /** The run ends after this many visits, after `forMs`, or when `stop` is aborted. */
  readonly visits?: number | undefined;
  readonly forMs?: number | undefined;
  /** Visits per second; undefined for as many as possible. */
  readonly rate?: number | undefined;
  /** Whether each visit has an idempotency key and is repeated until it is answered. */
  readonly retry: boolean;
  /** Whether failed requests are allowed. */
  readonly mayFail: boolean;
  /**
   * Whether nobody else visits: every count that this run did not make is a fault, even after its
   * end.
   */
  readonly alone: boolean;
  /** The time after which a client gives up. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
  /** Called for each operation that has ended. */
  readonly onOperation?: ((operation: Operation) => void) | undefined;
}

/** The result of a run. */
export interface Result {
  readonly frame: Frame;
  readonly findings: readonly Finding[];
}

/** The shortest pause between reads: a few per second find a total that decreases. */
const READ_MS = 50;
/**
 * With keys, one in this many answered visits is repeated, to find a service that forgets keys.
 */
const TWICE_EVERY = 10;
/** After this time a client that waits for its next visit notices the end of the run. */
const SLEEP_MAX_MS = 500;
/** With `alone`, the time after the run in which late counts are searched. */
export const LATE_MS = 3000;

export class Run {
  readonly #options: RunOptions;
  readonly #tally = new Tally();
  #judge = new Judge(0);
  #startedAt = 0;
  #endedAt: number | undefined;
  #begun = 0;
  #sent = 0;
  #connections = 0;
  /** The time of the last visit. */
  #sentAt: number | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the run has ended and is judged. Fails with `Unanswered` when the service does
   * not answer at the beginning, and with `Interrupted` when `stop` is aborted before the visits.
   */
  async go(): Promise<Result> {
    const { target, timeoutMs, clients, forMs, mayFail, alone, stop, onOperation } = this.#options;
    const before = await lookBefore(this.#options, stop);
    this.#judge = new Judge(before.number);
    this.#startedAt = performance.now();
    const timer = forMs === undefined ? undefined : setTimeout(() => this.#endSending(), forMs);
    const interrupt = () => this.#endSending();
    stop.addEventListener('abort', interrupt);
    if (stop.aborted) interrupt();

    const context: RunContext = {
      target,
      timeoutMs,
      startedAt: this.#startedAt,
      judge: this.#judge,
      tally: this.#tally,
      onOperation,
      interrupted: stop,
      newConnection: () => ++this.#connections,
    };
    const reading =
      target.readPath === undefined ? undefined : this.#read(new Client(context, true));
    await Promise.all(
      Array.from({ length: clients }, (_, index) =>
        this.#visit(new Client(context, index % 2 === 0)),
      ),
    );
    this.#endSending();
    this.#endedAt = performance.now();
    await reading;
    clearTimeout(timer);
    stop.removeEventListener('abort', interrupt);

    const after = await lookAfter(this.#options, context, alone ? LATE_MS : undefined);
    const frame = {
      before: before.number,
      after: after?.number,
      others: before.moved || (after?.moved ?? false),
      byReads: before.byReads && (after?.byReads ?? true),
      mayFail,
      alone,
      sendingMs: this.figures.sendingMs,
    };
    return { frame, findings: this.#judge.verdict(frame) };
  }

  get figures(): Figures {
    const { latencies, servedBy, seconds } = this.#tally;
    return {
      elapsedMs: this.#since(this.#endedAt),
      // With a rate, each visit reserves the time until the next one.
      sendingMs: Math.max(
        this.#since(this.#sentAt),
        (this.#sent * 1000) / (this.#options.rate ?? Infinity),
      ),
      answered: this.#judge.answered,
      failures: this.#judge.failures,
      tries: this.#judge.tries,
      compared: this.#judge.compared,
      latencies,
      servedBy,
      seconds,
    };
  }

  /** Milliseconds from the beginning to `at`, or until now. */
  #since(at = performance.now()): number {
    return this.#startedAt === 0 ? 0 : at - this.#startedAt;
  }

  /** No more visits begin; those in progress may still be answered. */
  #endSending(): void {
    this.#sentAt ??= performance.now();
  }

  get #over(): boolean {
    return this.#sentAt !== undefined;
  }

  /** The loop of one client until the end of the run. */
  async #visit(client: Client): Promise<void> {
    for (;;) {
      const next = await this.#next();
      if (!next) break;
      // The last visit is sent: from now on the run only waits for answers.
      if (++this.#sent === this.#options.visits) this.#endSending();
      if (!this.#options.retry) await client.visit(next.due);
      else
        await client.visitUnderKey(next.due, crypto.randomUUID(), next.number % TWICE_EVERY === 0);
    }
    client.hangUp();
  }

  /** Reads at most once for each visit, because services limit reads and visits together. */
  async #read(client: Client): Promise<void> {
    for (let reads = 0; this.#endedAt === undefined; ) {
      if (reads <= this.#sent) {
        reads++;
        await client.read(this.#options.retry);
      }
      await Bun.sleep(READ_MS);
    }
    client.hangUp();
  }

  /** The next visit, once it is due; `undefined` at the end of the run. */
  async #next(): Promise<{ number: number; due: number } | undefined> {
    const { visits, rate } = this.#options;
    if (this.#over || (visits !== undefined && this.#begun >= visits)) return undefined;
    const number = this.#begun++;
    if (rate === undefined) return { number, due: performance.now() };
    const due = this.#startedAt + (number * 1000) / rate;
    // Bun sleeps whole milliseconds, and could wake up before the visit is due.
    const early = () => Math.ceil(due - performance.now());
    while (early() > 0 && !this.#over) await Bun.sleep(Math.min(early(), SLEEP_MAX_MS));
    return this.#over ? undefined : { number, due };
  }
}
