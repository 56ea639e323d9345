/**
 * Builds the counter of a replica, with its metrics, the health of the store, the log, and the
 * clock of this machine.
 *
 * Not here: the replica as a whole (`replica.ts`), and simulated clocks, which are with the tests.
 */
import { randomUUID } from 'node:crypto';
import { version } from '../../../package.json' with { type: 'json' };
import type { Config } from '../../config/config.ts';
import type { Store } from '../../contract/store.ts';
import type { Clock } from '../../counter/clock.ts';
import { isAppError } from '../../counter/errors.ts';
import { createCounter } from '../../counter/sharded-counter.ts';
import { StoreHealth } from '../../counter/store-health.ts';
import { connectionsPerKindMax } from '../../http/connections.ts';
import type { Log } from '../../log.ts';
import { createMetrics, type Gauges } from '../../metrics.ts';

/** The warning when memory or disk is nearly full: the effect, and what to do. */
const SHORT =
  'the store is nearly full: existing counters keep counting, and nothing new is stored (counters, keys, visitors, hours). ' +
  'Raise maxmemory of Redis, free disk space, or delete counters.';

/**
 * Returns the counter on a store, its metrics, the health of the store, and a function for the
 * number of counted hits. The metrics report `openStreams`, too.
 */
export function composeCounter(
  config: Config,
  { counting, kind }: Pick<Store, 'counting' | 'kind'>,
  log: Log,
  openStreams: Gauges['openStreams'],
) {
  let hits = 0;
  let short = false;
  const health = new StoreHealth({
    clock: CLOCK,
    shards: counting.division?.shards,
    onOutage: (error) => {
      if (!isAppError(error))
        log.error({ error }, 'visits fail because of a bug: please report it');
      else log.warn({ code: error.code }, `visits wait because the store fails: ${error.message}`);
    },
    onRecovery: (seconds) => log.info({ seconds: Math.ceil(seconds) }, 'the store answers again'),
  });
  const metrics = createMetrics(
    config.replicaName,
    { version, store: kind },
    {
      waiting: () => counter.waiting,
      storeUp: () => health.failure === undefined,
      storeShort: () => counting.short,
      openStreams,
    },
  );
  const counter = createCounter({
    counting,
    clock: CLOCK,
    newWriter: randomUUID,
    waitMs: config.waitMs,
    waitingMax: Math.min(config.waitingMax, connectionsPerKindMax()),
    observerOf: (shard) => ({
      committed({ hits: counted, counters, seconds }) {
        hits += counted;
        if (counters > 0) metrics.committed(counted, seconds);
        health.succeeded(shard);
        if (counting.short === short) return;
        ({ short } = counting);
        if (short) log.warn(SHORT);
        else log.info('the store has free space again');
      },
      retrying(error) {
        metrics.retried();
        health.failed(error, shard);
      },
      late: () => health.late(shard),
      broke: (error) => health.failed(error, shard),
      writerForgotten(error) {
        metrics.storeSetBack();
        log.error(error.message);
      },
    }),
  });
  return { counter, health, metrics, hits: () => hits };
}

/** Monotonic time, timers and randomness of this process. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, task) => {
    setTimeout(task, delayMs);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  random: Math.random,
};
