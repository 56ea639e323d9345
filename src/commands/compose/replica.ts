/**
 * Builds one replica from its settings: its parts are connected here.
 *
 * Not here: the store (`store.ts`), the counter and its observers (`counter.ts`), and other parts
 * of the public surface (`surface.ts`).
 */
import { randomUUID } from 'node:crypto';
import { version } from '../../../package.json' with { type: 'json' };
import type { Config } from '../../config/config.ts';
import type { History } from '../../contract/history.ts';
import type { Presence } from '../../contract/presence.ts';
import type { Store } from '../../contract/store.ts';
import { retryingHistory, retryingRegistry } from '../../counter/retrying.ts';
import type { HitCounter } from '../../counter/sharded-counter.ts';
import { Watch } from '../../counter/watch.ts';
import { IMPORT_PATH, type InstallationArchive } from '../../http/api/archive.ts';
import { Transfers } from '../../http/api/transfers.ts';
import { type App, type AppOptions, createApp } from '../../http/app.ts';
import { connectionsPerKindMax } from '../../http/connections.ts';
import { EventStreams } from '../../http/live/event-stream.ts';
import { ARRIVING_BYTES_MAX } from '../../http/request/body-limit.ts';
import { type Listening, listen } from '../../http/server.ts';
import { createSurfaces } from '../../http/surfaces.ts';
import { createCounting } from '../../http/visit/counting.ts';
import { createMayCreate } from '../../http/visit/creating.ts';
import { Owners } from '../../http/visit/owners.ts';
import { type ClientAddress, Visitors } from '../../http/visit/visitors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import { Heartbeat } from '../../replicas/heartbeat.ts';
import { Life } from '../../replicas/life.ts';
import { CLOCK, composeCounter } from './counter.ts';
import {
  composeClientAddress,
  composeLimits,
  longestHandlerMs,
  requestObserver,
  stackOf,
  streamsPerAddress,
  transferFailed,
} from './surface.ts';
import { readThemes } from './themes.ts';

/** Milliseconds since 1970. */
const now = Date.now;

/** A replica: its life and its metrics. */
export interface Replica {
  readonly life: Life;
  readonly metrics: Metrics;
}

/**
 * Builds a replica on `store`; `shared` when other processes listen on the same port. Fails with
 * `settings-invalid` when a theme is wrong.
 */
export function composeReplica(config: Config, store: Store, log: Log, shared: boolean): Replica {
  const { replicaName: replica, embedPath } = config;
  const { counting, limiter, presence } = store;
  const openStreams = () => streams.openByRoute;
  const { counter, health, metrics, hits } = composeCounter(config, store, log, openStreams);
  const registry = retryingRegistry(store.registry, CLOCK, config.waitMs);
  const owners = new Owners(config.token);
  const history = retryingHistory(store.history, CLOCK, config.waitMs);
  const clientAddress = composeClientAddress(config, log);
  const visitors = composeVisitors(history, clientAddress);
  const onOpen = () => metrics.limiterOpen();
  const limits = composeLimits(config, { limiter, registry, visitors, owners, onOpen });
  const closed = config.counters === 'closed';
  const count = createCounting({ counter, registry, visitors, limits, closed });
  const heartbeat = composeHeartbeat(config, presence, counter, hits);
  const onBug = (error: unknown) => log.error({ error }, 'a bug: please report it');
  const streams = composeStreams(config, visitors);
  const transfers = new Transfers();
  const surfaces = createSurfaces({
    counter,
    count,
    takeIfNew: limits?.takeIfNew,
    mayCreate: createMayCreate(owners, limits),
    registry,
    history,
    owners,
    closed,
    watch: new Watch({ counting, clock: CLOCK, onBug }),
    streams,
    transfers,
    archive: archiveOf(config, store, log),
    stack: stackOf(config, store.kind, heartbeat, health),
    replica,
    version,
    database: store.kind,
    embedPath,
    themes: readThemes(config.themes),
    now,
  });
  const app = composeApp(config, owners, {
    surfaces,
    limits,
    onRequest: requestObserver(metrics, log, clientAddress),
    onBug,
  });
  const life = new Life({
    app,
    counter,
    store,
    health,
    heartbeat,
    endStreams: () => endAll(streams, transfers),
    listen: () => openPort(config, app, [app, streams, transfers], shared),
    drainMs: config.drainMs,
    stopMs: config.stopMs,
  });
  return { life, metrics };
}

function composeVisitors(history: History, clientAddress: ClientAddress): Visitors {
  return new Visitors({ history, clientAddress, clock: CLOCK, now, newSalt: randomUUID });
}

function composeStreams(config: Config, visitors: Visitors): EventStreams {
  return new EventStreams({
    max: Math.min(config.subscribersMax, connectionsPerKindMax()),
    perAddress: streamsPerAddress(config, visitors),
  });
}

/** Reports this replica to the others, and keeps the list of them. */
function composeHeartbeat(
  { replicaName }: Config,
  presence: Presence,
  counter: HitCounter,
  hits: () => number,
): Heartbeat {
  const self = { id: randomUUID(), name: replicaName, version, startedAt: Date.now() };
  return new Heartbeat({ presence, clock: CLOCK, self, hits, probe: () => counter.probe() });
}

/**
 * Exports and imports over HTTP. Their code is loaded with the first, to save memory. The store's
 * own registry: they wait for it in their own way.
 */
function archiveOf({ countersMax }: Config, store: Store, log: Log): InstallationArchive {
  const { registry, archive } = store;
  const parts = { registry, archive, countersMax, onFailure: transferFailed(log) };
  const load = async () => (await import('./archive.ts')).composeArchive(parts);
  return {
    export: async (signal) => (await load()).export(signal),
    import: async (...upload) => (await load()).import(...upload),
  };
}

/** Builds the app of the public port. */
function composeApp(
  { hosts, replicaName }: Config,
  owners: Owners,
  parts: Pick<AppOptions, 'surfaces' | 'limits' | 'onRequest' | 'onBug'>,
): App {
  const requireRight = (headers: Headers) => owners.requireInstallation(headers);
  return createApp({
    ...parts,
    hosts,
    servedBy: `${replicaName} seen/${version}`,
    upload: { path: IMPORT_PATH, requireRight },
  });
}

function endAll(...all: readonly Pick<EventStreams, 'end'>[]): void {
  for (const each of all) each.end();
}

/** What knows connections that must stay open. */
type Busy = Pick<App, 'busyPorts'>;

/** Opens the public port. */
function openPort(config: Config, app: App, busy: readonly Busy[], shared: boolean): Listening {
  return listen({
    host: config.host,
    hostSetting: 'SEEN_HOST',
    port: config.port,
    shared,
    handlerMs: longestHandlerMs(config),
    connectionsMax: config.connectionsMax,
    busyPorts: () => busy.flatMap((each) => each.busyPorts()),
    bodyBytesMax: ARRIVING_BYTES_MAX,
    fetch: app.fetch,
  });
}
