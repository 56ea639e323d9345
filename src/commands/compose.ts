/**
 * Builds the parts of one replica from its settings, and connects them.
 */
import { randomUUID } from 'node:crypto';
import { version } from '../../package.json' with { type: 'json' };
import type { Config } from '../config/config.ts';
import type { Counting } from '../contract/counting.ts';
import type { Presence } from '../contract/presence.ts';
import type { Store } from '../contract/store.ts';
import type { Clock } from '../counter/clock.ts';
import { Counter } from '../counter/counter.ts';
import { isAppError } from '../counter/errors.ts';
import { patientHistory, patientRegistry } from '../counter/patience.ts';
import { StoreHealth } from '../counter/store-health.ts';
import { Watch } from '../counter/watch.ts';
import { createApi } from '../http/api/api.ts';
import { createHit } from '../http/api/hit.ts';
import { type App, createApp } from '../http/app.ts';
import { connectionsPerKindMax } from '../http/connections/descriptors.ts';
import { createEmbed } from '../http/embed/embed.ts';
import { createImages } from '../http/images/images.ts';
import { EventStreams } from '../http/live/event-stream.ts';
import { createLive } from '../http/live/live.ts';
import { createPages } from '../http/pages/pages.ts';
import { type Listening, listen } from '../http/server.ts';
import { createCounting } from '../http/visit/counting.ts';
import { Owners } from '../http/visit/owners.ts';
import { Visitors } from '../http/visit/visitors.ts';
import type { Log } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { Heartbeat } from '../replicas/heartbeat.ts';
import { Life } from '../replicas/life.ts';
import { openStore, type StoreOptions } from '../stores/open.ts';
import {
  accessOf,
  composeClientAddress,
  composeLimits,
  otherServices,
  ownHosts,
  stackOf,
  streamsPerAddress,
} from './compose-surface.ts';

/** One replica: its life, and its metrics. */
export interface Replica {
  readonly life: Life;
  readonly metrics: Metrics;
}

/**
 * The store that the settings name, and what to do when it is a database file that is not there.
 */
export function composeStore(config: Config, missing: StoreOptions['missing']): Store {
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

/** A replica on `store`; `shared` when others listen on the same port. */
export function composeReplica(config: Config, store: Store, log: Log, shared: boolean): Replica {
  const { counting, limiter, presence } = store;
  const { counter, health, metrics, hits } = composeCounter(config, counting, log);
  const registry = patientRegistry(store.registry, CLOCK, config.waitMs);
  const owners = new Owners(config.token);
  const closed = config.counters === 'closed';
  const history = patientHistory(store.history, CLOCK, config.waitMs);
  const clientAddress = composeClientAddress(config, log);
  const newSalt = randomUUID;
  const visitors = new Visitors({ history, clientAddress, clock: CLOCK, now: Date.now, newSalt });
  const limits = composeLimits(config, {
    limiter,
    registry,
    visitors,
    owners,
    clock: CLOCK,
    onOpen: () => metrics.limiterOpen(),
  });
  const count = createCounting({ counter, registry, visitors, limits });
  const heartbeat = composeHeartbeat(config, presence, counter, hits);
  const stack =
    config.showStack === 'yes' ? stackOf(config, store.kind, heartbeat, health) : undefined;
  const onBug = (error: unknown) => log.error({ error }, 'a bug: please report it');
  const watch = new Watch({ counting, clock: CLOCK, onBug });
  const streams = composeStreams(config, visitors);
  const parts = { counter, count, mayMake: limits?.mayCreate, registry, owners, closed };
  const app = createApp({
    surfaces: [
      createPages({ counter, count, replica: stack && config.replicaName }),
      createHit(counter, count),
      createApi({ ...parts, history, version, stack, now: Date.now }),
      createImages({ counter, count, history, registry, now: Date.now }),
      createLive({ watch, streams }),
      createEmbed(config.embedPath),
      ...otherServices(config, { ...parts, watch, streams, database: store.kind }),
    ],
    ownHosts: ownHosts(config),
    limits,
    servedBy: `${config.replicaName} seen/${version}`,
    onRequest: (answer) => {
      metrics.requested(answer.route, answer.status, answer.seconds);
      if (log.isLevelEnabled('debug')) log.debug(accessOf(answer, clientAddress), 'answered');
    },
    onBug,
  });
  const life = new Life({
    app,
    counter,
    store,
    health,
    heartbeat,
    endStreams: () => streams.end(),
    listen: () => openPort(config, app, streams, shared),
    drainMs: config.drainMs,
    stopMs: config.stopMs,
  });
  return { life, metrics };
}

function composeStreams(config: Config, visitors: Visitors): EventStreams {
  return new EventStreams({
    max: Math.min(config.subscribersMax, connectionsPerKindMax()),
    perAddress: streamsPerAddress(config, visitors),
  });
}

/** The warning when memory or disk is nearly full. */
const SHORT =
  'the store is nearly full: existing counters keep counting, and nothing new is stored (counters, keys, visitors, hours). ' +
  'Raise maxmemory of Redis, free disk space, or delete counters.';

/** The counter, its figures, and whether the store takes visits. */
function composeCounter(config: Config, counting: Counting, log: Log) {
  let hits = 0;
  let short = false;
  const health = new StoreHealth({
    clock: CLOCK,
    onOutage: (error) => {
      if (!isAppError(error))
        log.error({ error }, 'visits fail because of a bug: please report it');
      else log.warn({ code: error.code }, `visits wait because the store fails: ${error.message}`);
    },
    onRecovery: (seconds) => log.info({ seconds: Math.ceil(seconds) }, 'the store answers again'),
  });
  const metrics = createMetrics(config.replicaName, version, {
    waiting: () => counter.waiting,
    storeUp: () => health.failure === undefined,
    storeShort: () => counting.short,
  });
  const counter = new Counter({
    counting,
    clock: CLOCK,
    newWriter: randomUUID,
    waitMs: config.waitMs,
    waitingMax: Math.min(config.waitingMax, connectionsPerKindMax()),
    observer: {
      committed({ hits: counted, counters, seconds }) {
        hits += counted;
        if (counters > 0) metrics.committed(counted, seconds);
        health.succeeded();
        if (counting.short === short) return;
        ({ short } = counting);
        if (short) log.warn(SHORT);
        else log.info('the store has free space again');
      },
      retrying(error) {
        metrics.retried();
        health.failed(error);
      },
      late: () => health.late('the store does not answer visits in time'),
      broke: (error) => health.failed(error),
      writerForgotten(error) {
        metrics.storeSetBack();
        log.error(error.message);
      },
    },
  });
  return { counter, health, metrics, hits: () => hits };
}

/** What tells the other replicas of this one, and knows them. */
function composeHeartbeat(
  { replicaName }: Config,
  presence: Presence,
  counter: Counter,
  hits: () => number,
): Heartbeat {
  const self = { id: randomUUID(), name: replicaName, version, startedAt: Date.now() };
  return new Heartbeat({ presence, clock: CLOCK, self, hits, probe: () => counter.probe() });
}

/** Opens the public port. */
function openPort(config: Config, app: App, streams: EventStreams, shared: boolean): Listening {
  return listen({
    host: config.host,
    hostSetting: 'SEEN_HOST',
    port: config.port,
    shared,
    // A hit that creates its counter may wait twice, the first time to find that the counter is
    // missing. The last attempt may have to connect and send.
    handlerMs: 2 * (config.waitMs + config.storeTimeoutMs),
    connectionsMax: config.connectionsMax,
    busyPorts: () => [...app.busyPorts(), ...streams.busyPorts()],
    fetch: app.fetch,
  });
}

/** The time and chance of this machine. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, task) => {
    setTimeout(task, delayMs);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  random: Math.random,
};

const REACH_AGAIN_MS = 250;

/**
 * Resolves when the store accepts writes. Logs once that it waits. Fails with the store's error
 * after `startMs`.
 */
export async function reachStore(
  counting: Pick<Counting, 'ping'>,
  startMs: number,
  log: Log,
): Promise<void> {
  const until = performance.now() + startMs;
  for (let attempt = 1; ; attempt++) {
    try {
      // eslint-disable-next-line no-await-in-loop -- trying again
      await counting.ping();
      return;
    } catch (error) {
      if (!isAppError(error, 'store-unavailable') || performance.now() >= until) throw error;
      if (attempt === 1)
        log.warn(`${error.message} Trying again for ${Math.round(startMs / 1000)} s.`);
    }
    // eslint-disable-next-line no-await-in-loop -- trying again
    await Bun.sleep(REACH_AGAIN_MS);
  }
}
