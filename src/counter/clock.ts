/**
 * Time and randomness, passed in so that tests control them, and waiting by a clock: a pause, a
 * short wait, and operations that are retried while the store is unavailable.
 *
 * Only operations that may be repeated are retried: reads, and those of the registry. Not here:
 * hits, which must not be repeated without knowing their outcome (`writer.ts`), and time limits by
 * the machine's clock (`deadline.ts`).
 */
import type { History } from '../contract/history.ts';
import type { Registry } from '../contract/registry.ts';
import { isAppError } from './errors.ts';

export interface Clock {
  /** A monotonic clock; only differences are meaningful. */
  now(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): void;
  /**
   * Resolves when the event loop has handled everything that has arrived by now; it does not wait.
   */
  turn(): Promise<void>;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

/** Resolves after `ms` on the clock. Where time is the machine's own, `Bun.sleep` does it. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** The pause between two attempts. */
const AGAIN_MS = 250;

/** Retries until success or for `waitMs`; then fails as the last attempt did. */
export async function retryWhileUnavailable<T>(
  ask: () => Promise<T>,
  clock: Clock,
  waitMs: number,
): Promise<T> {
  const giveUpAt = clock.now() + waitMs;
  for (;;) {
    try {
      // eslint-disable-next-line no-await-in-loop -- an attempt follows the one before
      return await ask();
    } catch (error) {
      const passing = isAppError(error, 'store-unavailable', 'hit-unconfirmed');
      if (!passing || clock.now() + AGAIN_MS > giveUpAt) throw error;
    }
    // eslint-disable-next-line no-await-in-loop -- the pause between two attempts
    await pause(clock, AGAIN_MS);
  }
}

/** Waits up to `ms` for a result; returns `undefined` on a timeout or an error. Never fails. */
export function resultWithin<T>(
  answer: Promise<T>,
  clock: Clock,
  ms: number,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    clock.after(ms, () => resolve(undefined));
    answer.then(resolve, () => resolve(undefined));
  });
}

/** A registry that waits for its store. */
export function retryingRegistry(registry: Registry, clock: Clock, waitMs: number): Registry {
  const wait = <T>(ask: () => Promise<T>) => retryWhileUnavailable(ask, clock, waitMs);
  return {
    create: (...args) => wait(() => registry.create(...args)),
    describe: (...args) => wait(() => registry.describe(...args)),
    change: (...args) => wait(() => registry.change(...args)),
    delete: (...args) => wait(() => registry.delete(...args)),
    list: (...args) => wait(() => registry.list(...args)),
    size: () => wait(() => registry.size()),
  };
}

/**
 * A history whose reads wait in the same way. Salts are excluded: the visit itself waits for them.
 */
export function retryingHistory(history: History, clock: Clock, waitMs: number): History {
  return {
    visitorsError: history.visitorsError,
    read: (counter) => retryWhileUnavailable(() => history.read(counter), clock, waitMs),
    salt: (day, suggested) => history.salt(day, suggested),
  };
}
