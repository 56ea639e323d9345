/**
 * The hits that have no answer yet: those that wait for a batch, and those of the batch under way.
 * Limits their number, and how long each of them waits.
 *
 * Both lists are in the order of arrival, and so of deadlines. One timer serves all deadlines. A
 * hit whose deadline passes while it waits leaves the queue, and is certainly not counted. One in
 * the batch under way stays there: it is answered, and may be counted.
 *
 * Not here: when a batch is taken (`counter.ts`), and how it is built and numbered (`batch.ts`).
 */

import type { Outcome } from '../contract/counting.ts';
import { type GatheredHits, gather, numbersOf } from './batch.ts';
import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';
import { fail, type Hit, type HitOptions, refusal, unconfirmed } from './hit.ts';

export interface HitQueueOptions {
  readonly clock: Clock;
  /** The longest time that a hit waits for its number. */
  readonly waitMs: number;
  /** The maximum number of hits that wait or are under way. */
  readonly waitingMax: number;
  /** The maximum number of changes in a batch; `BATCH_CHANGES_MAX` if not given. */
  readonly changesMax?: number | undefined;
  /**
   * Whether another hit is too many, for a queue that has this many. Undefined when `waitingMax`
   * applies to this queue alone.
   */
  readonly isFull?: ((size: number) => boolean) | undefined;
}

/** Hits that are stored together, and the changes that they make. */
export interface HitBatch extends Omit<GatheredHits, 'taken'> {
  readonly hits: readonly Hit[];
}

/** The hits of one counter without an answer. Each gets its number, or an error in time. */
export class HitQueue {
  readonly #options: HitQueueOptions;
  readonly #onLate: () => void;
  #waiting: Hit[] = [];
  #underWay: readonly Hit[] = [];
  /** Whether the timer for the deadlines is set. */
  #watching = false;

  /** `onLate` is called when hits have been answered because their deadline has passed. */
  constructor(options: HitQueueOptions, onLate: () => void) {
    this.#options = options;
    this.#onLate = onLate;
  }

  /** The number of hits that wait for a batch. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The hits of the batch under way. */
  get underWay(): readonly Hit[] {
    return this.#underWay;
  }

  /** The number of hits that wait or are under way; never more than `waitingMax`. */
  get size(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  /** Whether every hit has its answer. */
  get isAnswered(): boolean {
    return this.#waiting.length === 0 && this.#underWay.every((hit) => hit.answered);
  }

  /**
   * Adds a hit, and resolves when it is answered. Fails with `waiting-full`, and with
   * `store-unavailable` (not counted) or `hit-unconfirmed` (may be counted) after `waitMs`.
   */
  add(
    counter: string,
    amount: number,
    { once, visitor, reveal, make }: HitOptions,
  ): Promise<number | null> {
    const { clock, waitMs, waitingMax, isFull } = this.#options;
    if (isFull?.(this.size) ?? this.size >= waitingMax) {
      const message = `Too many visits are waiting (${waitingMax}). Not counted: try again in a moment.`;
      return Promise.reject(new AppError('waiting-full', message));
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
    });
  }

  /** Takes the next batch from the front of the queue. It is under way until `finish`. */
  take(): HitBatch {
    const { taken, changes, places } = gather(this.#waiting, this.#options.changesMax);
    const takesAll = taken === this.#waiting.length;
    this.#underWay = takesAll ? this.#waiting : this.#waiting.slice(0, taken);
    this.#waiting = takesAll ? [] : this.#waiting.slice(taken);
    return { hits: this.#underWay, changes, places };
  }

  /** Answers the hits of a stored batch, and returns how many counted. */
  answer(batch: HitBatch, outcomes: readonly Outcome[]): number {
    const { answers, counted } = numbersOf(batch.hits, batch, outcomes);
    batch.hits.forEach((hit, index) => {
      const answer = answers[index];
      if (answer === undefined || typeof answer === 'string') {
        fail(hit, refusal(hit.counter, answer));
        return;
      }
      hit.answered = true;
      hit.resolve(answer);
    });
    return counted;
  }

  /** Ends the batch under way, whose hits have their answers. */
  finish(): void {
    this.#underWay = [];
  }

  /**
   * Sets the timer for the deadlines. When it fires, it is set again for the oldest hit without an
   * answer.
   */
  #watch(delayMs: number): void {
    this.#watching = true;
    this.#options.clock.after(delayMs, () => {
      this.#watching = false;
      const now = this.#options.clock.now();
      this.#expire(now);
      const oldest = this.#underWay.find((hit) => !hit.answered) ?? this.#waiting[0];
      if (oldest) this.#watch(oldest.expiresAt - now);
    });
  }

  /** Answers the hits whose deadline has passed. */
  #expire(now: number): void {
    const late = this.#underWay.filter((hit) => hit.expiresAt <= now && !hit.answered);
    for (const hit of late) fail(hit, unconfirmed());
    const fresh = this.#waiting.findIndex((hit) => hit.expiresAt > now);
    const expired = this.#waiting.splice(0, fresh === -1 ? this.#waiting.length : fresh);
    const message = 'The store did not answer in time. Not counted: try again in a moment.';
    for (const hit of expired) fail(hit, new AppError('store-unavailable', message));
    if (late.length + expired.length > 0) this.#onLate();
  }
}
