/**
 * Operations that are retried while the store is unavailable.
 *
 * Only operations that may be repeated are retried: reads, and those of the registry, but not a
 * deletion or a set total that may have been applied. Not here: hits, which must not be repeated
 * without knowing their outcome (`writer.ts`).
 */
import type { History } from '../contract/history.ts';
import type { Registry } from '../contract/registry.ts';
import { type Clock, pause } from './clock.ts';
import { type ErrorCode, isAppError } from './errors.ts';

/** The pause between two attempts. */
const RETRY_PAUSE_MS = 250;

/** The errors after which an operation that may be applied twice is repeated. */
const UNAVAILABLE: readonly ErrorCode[] = ['store-unavailable', 'hit-unconfirmed'];
/** The error after which it was certainly not applied. */
const NOT_APPLIED: readonly ErrorCode[] = ['store-unavailable'];

/**
 * Retries until success or for `waitMs`, as long as it fails with one of `errors`; then fails as
 * the last attempt did.
 */
export async function retryWhileUnavailable<T>(
  ask: () => Promise<T>,
  clock: Clock,
  waitMs: number,
  errors: readonly ErrorCode[] = UNAVAILABLE,
): Promise<T> {
  const giveUpAt = clock.now() + waitMs;
  for (;;) {
    try {
      // eslint-disable-next-line no-await-in-loop -- one attempt after the other
      return await ask();
    } catch (error) {
      const isTemporary = isAppError(error, ...errors);
      if (!isTemporary || clock.now() + RETRY_PAUSE_MS > giveUpAt) throw error;
    }
    // eslint-disable-next-line no-await-in-loop -- the pause between two attempts
    await pause(clock, RETRY_PAUSE_MS);
  }
}

/**
 * A registry that retries for up to `waitMs` while its store is unavailable. A deletion, and a
 * change of a total, is not repeated if it may have been applied: visits that were answered in the
 * meantime would be lost, and their numbers given again.
 */
export function retryingRegistry(registry: Registry, clock: Clock, waitMs: number): Registry {
  const wait = <T>(ask: () => Promise<T>, errors = UNAVAILABLE) =>
    retryWhileUnavailable(ask, clock, waitMs, errors);
  return {
    create: (...args) => wait(() => registry.create(...args)),
    describe: (...args) => wait(() => registry.describe(...args)),
    change: (...args) =>
      wait(
        () => registry.change(...args),
        args[1].total === undefined ? UNAVAILABLE : NOT_APPLIED,
      ),
    delete: (...args) => wait(() => registry.delete(...args), NOT_APPLIED),
    list: (...args) => wait(() => registry.list(...args)),
    size: () => wait(() => registry.size()),
  };
}

/**
 * A history whose reads are retried in the same way. `salt` is not retried: visits wait for it
 * only briefly (`http/visit/visitors.ts`).
 */
export function retryingHistory(history: History, clock: Clock, waitMs: number): History {
  return {
    visitorsError: history.visitorsError,
    read: (counter) => retryWhileUnavailable(() => history.read(counter), clock, waitMs),
    recent: (...args) => retryWhileUnavailable(() => history.recent(...args), clock, waitMs),
    readVisitors: (counter) =>
      retryWhileUnavailable(() => history.readVisitors(counter), clock, waitMs),
    salt: (day, suggested) => history.salt(day, suggested),
  };
}
