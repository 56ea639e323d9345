/**
 * Watching totals: tells subscribers when the total of a counter changes, whichever replica
 * counted.
 *
 * It polls the store: while there are subscribers, all watched counters are read together, four
 * times a second. So the cost grows neither with visits nor with subscribers of the same counter,
 * and all stores work alike. Without subscribers nothing is read. Not here: streams and their
 * limits (`http/live/event-stream.ts`).
 */

import type { Counting } from '../contract/counting.ts';
import { type Clock, pause } from './clock.ts';
import { isAppError } from './errors.ts';

export interface WatchOptions {
  readonly counting: Pick<Counting, 'read'>;
  readonly clock: Clock;
  /** Called with an error that is a bug, and not again until a reading has succeeded. */
  readonly onBug: (error: unknown) => void;
}

/**
 * Called with a counter's total, and with `undefined` for a counter that does not exist or is
 * private. Must not fail.
 */
export type TotalListener = (counter: string, total: number | undefined) => void;

/** The pause between two readings: short enough to seem immediate, long enough for any store. */
const EVERY_MS = 250;
/** The number of counters in one read: about a millisecond of the store. */
const READ_TOGETHER_MAX = 1000;

/** A counter that is watched: the total that was read last, and its subscribers. */
interface Watched {
  total: number | undefined;
  readonly subscribers: Map<TotalListener, Subscriber>;
}

interface Subscriber {
  /**
   * The number of the last reading that began before they subscribed. Its totals may be older than
   * a number that they have already.
   */
  readonly since: number;
  /** Whether this subscriber has got a total yet. */
  knows: boolean;
}

/** Polls the watched counters, and tells subscribers their totals. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #watched = new Map<string, Watched>();
  #subscribers = 0;
  #reading = false;
  #readings = 0;
  #broken = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** The number of subscribers. */
  get subscribers(): number {
    return this.#subscribers;
  }

  /**
   * Calls `listener` with the total of each of these counters, and again after each change. Totals
   * are read after this call, so they are never older than a number that the subscriber has
   * already. While the store is unavailable nothing is sent. Returns a function
   * that ends the subscription; it may be called twice.
   */
  subscribe(counters: readonly string[], listener: TotalListener): () => void {
    this.#subscribers++;
    for (const counter of new Set(counters)) {
      const watched = this.#watched.get(counter) ?? { total: undefined, subscribers: new Map() };
      this.#watched.set(counter, watched);
      watched.subscribers.set(listener, { since: this.#readings, knows: false });
    }
    if (!this.#reading) void this.#read();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#subscribers--;
      for (const counter of counters) this.#leave(counter, listener);
    };
  }

  #leave(counter: string, listener: TotalListener): void {
    const watched = this.#watched.get(counter);
    watched?.subscribers.delete(listener);
    if (watched?.subscribers.size === 0) this.#watched.delete(counter);
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    this.#reading = true;
    while (this.#watched.size > 0) {
      // eslint-disable-next-line no-await-in-loop -- never two readings at once
      await this.#readAll();
      // eslint-disable-next-line no-await-in-loop -- the pause between two readings
      await pause(clock, EVERY_MS);
    }
    this.#reading = false;
  }

  async #readAll(): Promise<void> {
    const { clock, onBug } = this.#options;
    // Subscribers that arrive in the same turn share this reading.
    await clock.turn();
    const counters = [...this.#watched.keys()];
    this.#readings++;
    try {
      for (let from = 0; from < counters.length; from += READ_TOGETHER_MAX) {
        // eslint-disable-next-line no-await-in-loop -- one after the other
        await this.#readSome(counters.slice(from, from + READ_TOGETHER_MAX));
        // eslint-disable-next-line no-await-in-loop -- visits are handled in between
        await clock.turn();
      }
      this.#broken = false;
    } catch (error) {
      // After a failure of the store, the next reading tries again.
      if (!isAppError(error) && !this.#broken) onBug(error);
      this.#broken = !isAppError(error);
    }
  }

  /** Reads some counters. Leaves out those that cannot be read, by reading ever smaller halves. */
  async #readSome(counters: readonly string[]): Promise<void> {
    try {
      const totals = await this.#options.counting.read(counters);
      counters.forEach((counter, index) => this.#tell(counter, totals[index]));
    } catch (error) {
      if (!isAppError(error, 'counter-unreadable')) throw error;
      if (counters.length === 1) return;
      const half = Math.ceil(counters.length / 2);
      await this.#readSome(counters.slice(0, half));
      await this.#readSome(counters.slice(half));
    }
  }

  #tell(counter: string, total: number | undefined): void {
    const watched = this.#watched.get(counter);
    if (!watched) return;
    const changed = watched.total !== total;
    watched.total = total;
    for (const [listener, subscriber] of watched.subscribers) {
      if (subscriber.since >= this.#readings || (subscriber.knows && !changed)) continue;
      subscriber.knows = true;
      listener(counter, total);
    }
  }
}
