/**
 * Group commit: many hits in few writes, and a unique number for every hit.
 *
 * A hit waits in a queue; when the store is free, the queue becomes a batch, and while that batch
 * is being written the next hits gather. There is no timer: an idle counter writes at once, a busy
 * one nearly as often as the store answers. One batch is in progress at a time. A failed batch is
 * sent again unchanged, with the same sequence number, until the store reports its outcome or no
 * request waits for it any more. The idea is the group commit of databases (DeWitt et al.,
 * "Implementation Techniques for Main Memory Database Systems", 1984).
 *
 * Empty batches have two uses. A probe is sent when nothing was committed for a while: it shows
 * whether a commit would succeed, and whether the store still has this writer's last batch.
 * Another takes the number of a batch that was given up with unknown outcome: once the empty batch
 * is stored, the other was applied earlier or never will be.
 *
 * Not here: HTTP, any database, and the clock, which is passed in. This file is longer than most,
 * because queue, current batch, retries and deadlines are one state.
 */

import type { Counting, RequestKey } from '../contract/counting.ts';
import { type GatheredHits, gather } from './batch.ts';
import type { Clock } from './clock.ts';
import { AppError, isAppError } from './errors.ts';
import { answerAll, fail, type Hit, unconfirmed } from './hit.ts';
import { patiently } from './patience.ts';
import type { Visitor } from './visitor.ts';

/** Events for metrics, the log and readiness. */
export interface CounterObserver {
  /**
   * A batch is stored. `hits` counted, including requests repeated with their key; `seconds`
   * covers all attempts. `counters` is 0 for an empty batch.
   */
  committed(batch: { hits: number; counters: number; seconds: number }): void;
  /** An attempt to store a batch failed. It is repeated while a request waits. */
  retrying(error: AppError): void;
  /** Hits were given up, because the store did not answer them in time. */
  late(): void;
  /** A batch was given up because of a bug in the store. */
  broke(error: unknown): void;
  /**
   * The store lacks this writer's last batch: it was emptied or restored from an older copy, and
   * answered hits may be missing. The counter continues with a new writer name.
   */
  writerForgotten(error: AppError): void;
}

export interface CounterOptions {
  counting: Pick<Counting, 'commit' | 'waitForTurn' | 'read'>;
  clock: Clock;
  observer: CounterObserver;
  /**
   * A name that no other writer ever had: called at the start, and again when the store forgot the
   * writer.
   */
  newWriter: () => string;
  /** How long a hit may wait for its number. */
  waitMs: number;
  /** How many hits may wait for their number at once. */
  waitingMax: number;
}

export interface HitOptions {
  /** How much is added: a safe integer other than 0. */
  readonly amount?: number | undefined;
  readonly once?: RequestKey | undefined;
  /** Who made it; without it, a program. */
  readonly visitor?: Visitor | undefined;
  /** Whether the result may contain the number of a private counter, for its owner. */
  readonly reveal?: boolean | undefined;
  /**
   * `false`: this hit must not create the counter, and fails with `counter-missing` if it does not
   * exist.
   */
  readonly make?: boolean | undefined;
}

/** The first pause before a retry: about one round trip to a store that was only restarted. */
const RETRY_FIRST_MS = 20;
/** The longest pause: short enough that a store which is back is found within a second. */
const RETRY_MAX_MS = 500;
/**
 * Clients that were answered just now ask again a turn or two later: fewer leave them to the next
 * batch, more cost turns (decision 3).
 */
const QUIET_TURNS = 2;
/** How long a batch gathers at the most: about what a commit takes on a busy machine. */
const GATHER_MAX_MS = 1;
/** A batch without hits. */
const EMPTY: Omit<GatheredHits, 'taken'> = { changes: [], places: [] };

export class Counter {
  readonly #options: CounterOptions;
  #writer: string;
  /** The number of the last batch whose fate is known. */
  #sequence = 0;
  #waiting: Hit[] = [];
  #underWay: readonly Hit[] = [];
  #running = false;
  /** Whether an empty batch is to be stored before any other. */
  #emptyFirst = false;
  /** Whether a batch was stored since `probe` was called last. */
  #storedLately = false;
  #watching = false;
  #drained: (() => void) | undefined;

  constructor(options: CounterOptions) {
    this.#options = options;
    this.#writer = options.newWriter();
  }

  /** How many hits have no answer yet; never more than `waitingMax`. */
  get waiting(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  /**
   * Counts, and resolves with the counter's total right after this hit: no other hit gets the
   * same. The hit counts even if the caller stops waiting. `amount` is a safe integer other than
   * 0. With `once` only the first request counts, and later ones get its number. A reload within a
   * window gets the current total. The number of a private counter is `null`, unless `reveal` is
   * set.
   *
   * Fails with `waiting-full`, `draining`, `store-unavailable` (in these cases it was not
   * counted), `hit-unconfirmed` (it may have been), `total-out-of-range`, `counter-unreadable`,
   * `counter-missing`, `counters-full`, `key-reused` or `keys-full` (it was not).
   */
  hit(
    counter: string,
    { amount = 1, once, visitor, reveal, make }: HitOptions = {},
  ): Promise<number | null> {
    if (!Number.isSafeInteger(amount) || amount === 0) {
      throw new RangeError(`an amount is a safe integer other than 0, not ${amount}`);
    }
    if (this.#drained) {
      return Promise.reject(
        new AppError(
          'draining',
          'This replica is stopping. Not counted: try again, another replica will answer.',
        ),
      );
    }
    const { clock, waitMs, waitingMax } = this.#options;
    if (this.waiting >= waitingMax) {
      return Promise.reject(
        new AppError(
          'waiting-full',
          `Too many visits are waiting (${waitingMax}). Not counted: try again in a moment.`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const expiresAt = clock.now() + waitMs;
      const hit = {
        counter,
        amount,
        once,
        visitor,
        reveal,
        make,
        expiresAt,
        resolve,
        reject,
        answered: false,
      };
      this.#waiting.push(hit);
      if (!this.#watching) this.#watch(waitMs);
      if (!this.#running) void this.#run();
    });
  }

  /**
   * The totals that everybody may read; `undefined` for missing counters. Never counts. Waits
   * while the store is unavailable.
   */
  read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    const { counting, clock, waitMs } = this.#options;
    return patiently(() => counting.read(counters), clock, waitMs);
  }

  /**
   * Checks whether a commit would succeed by storing an empty batch, and notifies the observer.
   * Called every few seconds. Does nothing if a batch was stored since the last call or is in
   * progress, because that shows the same. Like any batch it is retried until it is stored; hits
   * wait for it, up to their limit.
   */
  probe(): void {
    const known = this.#storedLately;
    this.#storedLately = false;
    if (known || this.#running || this.#drained) return;
    this.#emptyFirst = true;
    void this.#run();
  }

  /** Takes no more hits; resolves when every hit has its answer, at the latest after `waitMs`. */
  drain(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#drained;
    this.#drained = () => {
      before?.();
      resolve();
    };
    this.#tellDrained();
    return promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#emptyFirst || this.#waiting.length > 0) {
      if (this.#emptyFirst) {
        this.#emptyFirst = false;
        // eslint-disable-next-line no-await-in-loop -- before any other batch
        await this.#settle([], EMPTY);
        continue;
      }
      // eslint-disable-next-line no-await-in-loop -- what arrives by then goes along
      await this.#gather();
      // They may have waited too long meanwhile.
      if (this.#waiting.length === 0) break;
      const { taken, ...batch } = gather(this.#waiting);
      this.#underWay =
        taken === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, taken);
      this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken);
      // eslint-disable-next-line no-await-in-loop -- one batch at a time is the whole idea
      await this.#settle(this.#underWay, batch);
      this.#underWay = [];
      this.#tellDrained();
    }
    this.#running = false;
  }

  /**
   * Waits until the store can write at once, and then for hits that arrive together with the
   * waiting ones: turns the event loop until `QUIET_TURNS` in a row have brought no hit.
   */
  async #gather(): Promise<void> {
    const { clock, counting } = this.#options;
    if (counting.waitForTurn) await counting.waitForTurn();
    const until = clock.now() + GATHER_MAX_MS;
    for (let quiet = 0; quiet < QUIET_TURNS && clock.now() < until; ) {
      const before = this.#waiting.length;
      // eslint-disable-next-line no-await-in-loop -- no time passes in this but what others need
      await clock.turn();
      quiet = this.#waiting.length > before ? 0 : quiet + 1;
    }
  }

  /**
   * Stores one batch and answers its hits; returns when its outcome is known or no request waits
   * for it any more.
   */
  async #settle(
    hits: readonly Hit[],
    { changes, places }: Omit<GatheredHits, 'taken'>,
  ): Promise<void> {
    const { counting, clock, observer } = this.#options;
    const startedAt = clock.now();
    let maybeStored = false;
    let renamed = false;
    for (let attempt = 0; ; attempt++) {
      try {
        // eslint-disable-next-line no-await-in-loop -- a retry follows its attempt
        const outcomes = await counting.commit({
          writer: this.#writer,
          sequence: this.#sequence + 1,
          changes,
        });
        this.#sequence++;
        this.#storedLately = hits.length > 0;
        const seconds = (clock.now() - startedAt) / 1000;
        // An empty batch that came too late to take the number of another gets the other's
        // outcomes.
        const counted = hits.length === 0 ? 0 : answerAll(hits, places, changes, outcomes);
        observer.committed({ hits: counted, counters: changes.length, seconds });
        return;
      } catch (error) {
        if (isAppError(error, 'sequence-mismatch')) {
          observer.writerForgotten(error);
          this.#rename();
          // Refused at the first attempt means certainly not stored: the new name may carry the
          // same changes.
          if (!maybeStored && !renamed) {
            renamed = true;
            continue;
          }
          for (const hit of hits) fail(hit, unconfirmed(error));
          return;
        }
        if (!isAppError(error, 'store-unavailable', 'store-unusable', 'hit-unconfirmed')) {
          // A bug in the store: the outcome of the batch is unknown, and so is the sequence
          // number.
          this.#rename();
          for (const hit of hits) fail(hit, error);
          observer.broke(error);
          return;
        }
        maybeStored ||= error.code === 'hit-unconfirmed';
        observer.retrying(error);
        if (!this.#isWaitedFor(hits)) {
          // Its number may be taken: nothing else is stored before the store has said that it is.
          this.#emptyFirst = maybeStored && hits.length > 0;
          return;
        }
        // eslint-disable-next-line no-await-in-loop -- the pause before the next attempt
        await this.#pause(attempt);
      }
    }
  }

  /** An empty batch is sent until it is stored, or until the counter has drained. */
  #isWaitedFor(hits: readonly Hit[]): boolean {
    if (hits.length > 0) return hits.some((hit) => !hit.answered);
    return !this.#drained || this.#waiting.length > 0;
  }

  #rename(): void {
    this.#writer = this.#options.newWriter();
    this.#sequence = 0;
  }

  /**
   * Doubles with each attempt, and is between half and all of that, so that replicas do not retry
   * in step.
   */
  #pause(attempt: number): Promise<void> {
    const { clock } = this.#options;
    const longestMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempt, 16), RETRY_MAX_MS);
    return new Promise((resolve) => {
      clock.after(longestMs * (0.5 + clock.random() / 2), resolve);
    });
  }

  /** Looks after the deadlines with one timer, set for the oldest hit that has no answer. */
  #watch(delayMs: number): void {
    this.#watching = true;
    this.#options.clock.after(delayMs, () => {
      this.#watching = false;
      const now = this.#options.clock.now();
      this.#expire(now);
      const oldest = this.#underWay.find((hit) => !hit.answered) ?? this.#waiting[0];
      if (oldest) this.#watch(oldest.expiresAt - now);
      this.#tellDrained();
    });
  }

  /** Both queues are in the order of arrival, and so of expiry. */
  #expire(now: number): void {
    const { observer } = this.#options;
    const late = this.#underWay.filter((hit) => hit.expiresAt <= now && !hit.answered);
    for (const hit of late) fail(hit, unconfirmed());
    const fresh = this.#waiting.findIndex((hit) => hit.expiresAt > now);
    const expired = this.#waiting.splice(0, fresh === -1 ? this.#waiting.length : fresh);
    const message = 'The store did not answer in time. Not counted: try again in a moment.';
    for (const hit of expired) fail(hit, new AppError('store-unavailable', message));
    if (late.length + expired.length > 0) observer.late();
  }

  #tellDrained(): void {
    if (
      this.#drained &&
      this.#waiting.length === 0 &&
      this.#underWay.every((hit) => hit.answered)
    ) {
      this.#drained();
    }
  }
}
