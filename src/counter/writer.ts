/**
 * Writes batches to the store, one after the other, and each of them once.
 *
 * A writer has a name, and numbers its batches. A failed batch is sent again exactly as it was,
 * under the same number, so the store recognises it. The writer gives a batch up when no request
 * waits for it any more. If that batch may be stored, an empty batch must take its number: when
 * the store has the empty one, the other was applied before or never will be (decision 4).
 *
 * Not here: hits and their answers, and when a batch is written (`counter.ts`).
 */
import type { Change, Counting, Outcome } from '../contract/counting.ts';
import { type Clock, pause } from './clock.ts';
import { type AppError, isAppError } from './errors.ts';
import { unconfirmed } from './hit.ts';

/** Events of a writer. */
export interface WriterObserver {
  /** An attempt to store a batch failed. It is repeated while a request waits. */
  retrying(error: AppError): void;
  /**
   * The store lacks this writer's last batch: it was emptied or restored from an older copy, and
   * answered hits may be missing. The writer continues under a new name.
   */
  writerForgotten(error: AppError): void;
}

export interface WriterOptions {
  readonly counting: Pick<Counting, 'commit'>;
  readonly clock: Clock;
  readonly observer: WriterObserver;
  /**
   * Returns a name that no other writer has or had. Called at the start, and whenever the writer
   * needs a new name.
   */
  readonly newWriter: () => string;
  /** The shard of all its batches (`Division`); 0 when undefined. */
  readonly shard?: number | undefined;
}

/** The first pause before a retry: about one round trip to a store that was only restarted. */
const RETRY_FIRST_MS = 20;
/** The longest pause: short enough that a store which is back is found within a second. */
const RETRY_MAX_MS = 500;

/** Writes batches one at a time, and repeats those that failed. */
export class Writer {
  readonly #options: WriterOptions;
  #name: string;
  /** The number of the last batch that is known to be stored. */
  #sequence = 0;
  #inDoubt = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#name = options.newWriter();
  }

  /** Whether the next batch must be empty, to take the number of one that may be stored. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /**
   * Stores a batch, and returns the outcomes of `changes` in their order. A failed attempt is
   * repeated for as long as `isWaitedFor()` is true. One batch at a time. For an empty batch that
   * came too late to take the number of another, the store returns the other's outcomes.
   *
   * Fails with the error of the last attempt when the batch is given up, and with
   * `hit-unconfirmed` when the store forgot the writer and the batch may be stored. Any error for
   * which `isStoreFailure` is false is a bug.
   */
  async write(
    changes: readonly Change[],
    isWaitedFor: () => boolean,
  ): Promise<readonly Outcome[]> {
    const { counting, clock, observer, shard } = this.#options;
    let maybeStored = false;
    let renamed = false;
    this.#inDoubt = false;
    for (let attempt = 0; ; attempt++) {
      try {
        // eslint-disable-next-line no-await-in-loop -- a retry follows its attempt
        const outcomes = await counting.commit({
          writer: this.#name,
          sequence: this.#sequence + 1,
          changes,
          shard,
        });
        this.#sequence++;
        return outcomes;
      } catch (error) {
        if (isAppError(error, 'sequence-mismatch')) {
          observer.writerForgotten(error);
          this.#rename();
          if (maybeStored || renamed) throw unconfirmed(error);
          // Refused at the first attempt, the batch is certainly not stored.
          renamed = true;
          continue;
        }
        if (!isStoreFailure(error)) {
          // Nobody knows whether the batch is stored, nor which number is next.
          this.#rename();
          throw error;
        }
        maybeStored ||= error.code === 'hit-unconfirmed';
        observer.retrying(error);
        if (!isWaitedFor()) {
          this.#inDoubt = maybeStored && changes.length > 0;
          throw error;
        }
        // eslint-disable-next-line no-await-in-loop -- the pause before the next attempt
        await pause(clock, pauseMs(attempt, clock.random()));
      }
    }
  }

  #rename(): void {
    this.#name = this.#options.newWriter();
    this.#sequence = 0;
  }
}

/** Whether the store failed as its contract allows. Any other error is a bug. */
export function isStoreFailure(error: unknown): error is AppError {
  return isAppError(error, 'store-unavailable', 'store-unusable', 'hit-unconfirmed');
}

/**
 * The pause before a retry. It doubles with each attempt up to a limit. A random part of up to
 * half is taken off, so that replicas do not retry in step.
 */
function pauseMs(attempt: number, random: number): number {
  const longestMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempt, 16), RETRY_MAX_MS);
  return longestMs * (0.5 + random / 2);
}
