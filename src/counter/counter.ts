/**
 * Group commit: many hits in few writes, and a unique number for every hit.
 *
 * A hit waits in a queue (`queue.ts`). When the store is free, the queue becomes a batch, which
 * is written (`writer.ts`) while the next hits gather. There is no timer in this: an idle counter
 * writes at once, a busy one nearly as often as the store answers. One batch is in progress at a
 * time, until its outcome is known or no request waits for it any more. The idea is the group
 * commit of databases (DeWitt et al., "Implementation Techniques for Main Memory Database
 * Systems", 1984).
 *
 * Not here: HTTP, any database, and the clock, which is passed in.
 */
import type { Counting, Outcome } from '../contract/counting.ts';
import { AppError } from './errors.ts';
import { fail, type HitOptions } from './hit.ts';
import { type HitBatch, HitQueue, type HitQueueOptions } from './queue.ts';
import { retryWhileUnavailable } from './retrying.ts';
import { isStoreFailure, Writer, type WriterObserver, type WriterOptions } from './writer.ts';

/** Events for metrics, the log and readiness. */
export interface CounterObserver extends WriterObserver {
  /**
   * A batch is stored. `hits` counted, including requests repeated with their key; `seconds`
   * covers all attempts. `counters` is 0 for an empty batch.
   */
  committed(batch: { hits: number; counters: number; seconds: number }): void;
  /** Hits were given up, because the store did not answer them in time. */
  late(): void;
  /** A batch was given up because of a bug in the store. */
  broke(error: unknown): void;
}

export interface CounterOptions extends WriterOptions, HitQueueOptions {
  readonly counting: Pick<Counting, 'commit' | 'waitForTurn' | 'read'>;
  readonly observer: CounterObserver;
}

/**
 * A batch is sent after so many turns of the event loop without a new hit. Clients that were just
 * answered send their next hit a turn or two later: fewer turns would leave it to the next batch,
 * and more would delay this one (decision 3).
 */
const QUIET_TURNS = 2;
/** The longest time that a batch gathers hits: about what a commit takes on a busy machine. */
const GATHER_MAX_MS = 1;
/** A batch without hits. */
const EMPTY: HitBatch = { hits: [], changes: [], places: [] };

/** Counts hits in one shard of a store, one batch at a time. */
export class Counter {
  readonly #options: CounterOptions;
  readonly #queue: HitQueue;
  readonly #writer: Writer;
  #running = false;
  /** Whether `probe` asked for an empty batch that is not sent yet. */
  #probeDue = false;
  /** Whether the last batch had hits and was stored after the last call of `probe`. */
  #storedLately = false;
  /** Set by `drain`, and resolved when every hit has its answer. */
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: CounterOptions) {
    this.#options = options;
    this.#writer = new Writer(options);
    this.#queue = new HitQueue(options, () => {
      options.observer.late();
      this.#tellDrained();
    });
  }

  /** The number of hits that have no answer yet; never more than `waitingMax`. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Counts, and resolves with the counter's total right after this hit, which no other hit gets.
   * The hit counts even if the caller stops waiting. `amount` is a safe integer other than 0. With
   * `once` only the first request counts, and later ones get its number. A reload within a window
   * gets the current total. The number of a private counter is `null`, unless `reveal` is set.
   *
   * Fails with `waiting-full`, `draining`, `store-unavailable` (in these cases it was not
   * counted), `hit-unconfirmed` (it may have been), `total-out-of-range`, `counter-unreadable`,
   * `counter-missing`, `counters-full`, `key-reused` or `keys-full` (it was not).
   */
  hit(counter: string, options: HitOptions = {}): Promise<number | null> {
    const { amount = 1 } = options;
    if (!Number.isSafeInteger(amount) || amount === 0) {
      throw new RangeError(`an amount is a safe integer other than 0, not ${amount}`);
    }
    if (this.#drained) {
      const message =
        'This replica is stopping. Not counted: try again, another replica will answer.';
      return Promise.reject(new AppError('draining', message));
    }
    const answer = this.#queue.add(counter, amount, options);
    if (!this.#running) void this.#run();
    return answer;
  }

  /**
   * The totals that everybody may read; `undefined` for missing counters. Never counts. Waits
   * while the store is unavailable.
   */
  read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    const { counting, clock, waitMs } = this.#options;
    return retryWhileUnavailable(() => counting.read(counters), clock, waitMs);
  }

  /**
   * Checks whether a commit would succeed and whether the store still has this writer's last
   * batch, by storing an empty batch, and notifies the observer. Called every few seconds. Does
   * nothing if a batch was stored since the last call or is in progress, because that shows the
   * same. Like any batch it is retried until it is stored; hits wait for it, up to their limit.
   */
  probe(): void {
    const known = this.#storedLately;
    this.#storedLately = false;
    if (known || this.#running || this.#drained) return;
    this.#probeDue = true;
    void this.#run();
  }

  /** Takes no more hits; resolves when every hit has its answer, at the latest after `waitMs`. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    this.#tellDrained();
    return this.#drained.promise;
  }

  /** Writes one batch after the other until no hit waits. */
  async #run(): Promise<void> {
    const { clock } = this.#options;
    this.#running = true;
    while (this.#probeDue || this.#writer.inDoubt || this.#queue.waiting > 0) {
      const isEmpty = this.#probeDue || this.#writer.inDoubt;
      this.#probeDue = false;
      // eslint-disable-next-line no-await-in-loop -- hits that arrive meanwhile join the batch
      const batch = isEmpty ? EMPTY : await this.#gather();
      if (!batch) break;
      const startedAt = clock.now();
      try {
        // eslint-disable-next-line no-await-in-loop -- one batch at a time is the whole idea
        const outcomes = await this.#writer.write(batch.changes, this.#isWaitedFor);
        this.#stored(batch, outcomes, (clock.now() - startedAt) / 1000);
      } catch (error) {
        this.#failed(batch, error);
      }
      this.#queue.finish();
      this.#tellDrained();
    }
    this.#running = false;
  }

  /**
   * Takes the next batch. Before that it waits until the store can write at once, and then for
   * hits that arrive together with the waiting ones: turns the event loop until `QUIET_TURNS` in
   * a row have brought no hit. Undefined when all hits have waited too long meanwhile.
   */
  async #gather(): Promise<HitBatch | undefined> {
    const { clock, counting } = this.#options;
    if (counting.waitForTurn) await counting.waitForTurn();
    const until = clock.now() + GATHER_MAX_MS;
    for (let quiet = 0; quiet < QUIET_TURNS && clock.now() < until; ) {
      const before = this.#queue.waiting;
      // eslint-disable-next-line no-await-in-loop -- a turn takes no longer than other work needs
      await clock.turn();
      quiet = this.#queue.waiting > before ? 0 : quiet + 1;
    }
    return this.#queue.waiting > 0 ? this.#queue.take() : undefined;
  }

  /**
   * Whether the batch in progress is still worth a retry: a hit in it has no answer. An empty
   * batch is retried until it is stored, or until the counter has drained.
   */
  readonly #isWaitedFor = (): boolean => {
    const { underWay, waiting } = this.#queue;
    if (underWay.length > 0) return underWay.some((hit) => !hit.answered);
    return !this.#drained || waiting > 0;
  };

  #stored(batch: HitBatch, outcomes: readonly Outcome[], seconds: number): void {
    const { hits, changes } = batch;
    this.#storedLately = hits.length > 0;
    // An empty batch may get the outcomes of another.
    const counted = hits.length > 0 ? this.#queue.answer(batch, outcomes) : 0;
    this.#options.observer.committed({ hits: counted, counters: changes.length, seconds });
  }

  /** Answers the hits that have no answer yet. There are none when the batch was given up. */
  #failed({ hits }: HitBatch, error: unknown): void {
    for (const hit of hits) fail(hit, error);
    if (!isStoreFailure(error)) this.#options.observer.broke(error);
  }

  #tellDrained(): void {
    if (this.#queue.isAnswered) this.#drained?.resolve();
  }
}
