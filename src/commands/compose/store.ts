/**
 * Opens the store from the settings, and waits for it at the start.
 *
 * Not here: the parts that use it (`replica.ts`).
 */
import type { Config } from '../../config/config.ts';
import type { Store } from '../../contract/store.ts';
import { isAppError } from '../../counter/errors.ts';
import type { Log } from '../../log.ts';
import { openStore, type StoreOptions } from '../../stores/open.ts';

/** The store from the settings. `missing`: what to do when its database file does not exist. */
export function composeStore(config: Config, missing: StoreOptions['missing']): Promise<Store> {
  return openStore({
    url: config.storeUrl,
    ca: config.storeCa,
    timeoutMs: config.storeTimeoutMs,
    keysMax: config.keysMax,
    visitorsMax: config.visitorsMax,
    hitsMake: config.counters === 'open',
    countersMax: config.countersMax,
    missing,
  });
}

/** The pause between two attempts. A store that recovers is found within this time. */
const REACH_AGAIN_MS = 250;

/**
 * Asks the store until it answers, and returns the answer. Logs once that it waits. Fails with the
 * store's error after `startMs`.
 */
export async function reachStore<T>(ask: () => Promise<T>, startMs: number, log: Log): Promise<T> {
  const until = performance.now() + startMs;
  for (let attempt = 1; ; attempt++) {
    try {
      // eslint-disable-next-line no-await-in-loop -- trying again
      return await ask();
    } catch (error) {
      if (!isAppError(error, 'store-unavailable') || performance.now() >= until) throw error;
      if (attempt === 1)
        log.warn(`${error.message} Trying again for ${Math.round(startMs / 1000)} s.`);
    }
    // eslint-disable-next-line no-await-in-loop -- trying again
    await Bun.sleep(REACH_AGAIN_MS);
  }
}
