/** Seen as it is measured: on each store, with one to three replicas, synced or not. */
import { join } from 'node:path';
import { freePort } from '../test/support/folder.ts';
import { type Service, startService } from './services.ts';
import { STORES, type StoreName, type StoreToMeasure } from './stores.ts';

const ROOT = join(import.meta.dir, '..');

async function start(
  startServer: StoreToMeasure['startServer'],
  replicas: number,
  requestsPerMinute = 0,
) {
  const operationsPort = await freePort();
  return startService(startServer, (port, server, folder) => ({
    command: [process.execPath, join(ROOT, 'src/main.ts'), 'serve'],
    env: {
      SEEN_STORE_URL: server?.url ?? `sqlite:${folder}/seen.db`,
      SEEN_HOST: '127.0.0.1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${operationsPort}`,
      SEEN_REPLICAS: `${replicas}`,
      // All counters are made from one address.
      SEEN_NEW_COUNTERS_PER_DAY: '0',
      // wrk stands for a proxy, where it sends addresses.
      SEEN_TRUSTED_PROXIES: '127.0.0.1',
      SEEN_REQUESTS_PER_MINUTE: `${requestsPerMinute}`,
    },
  }));
}

/** The numbers of replicas that are measured; three are usual, as the README starts it. */
export const REPLICAS = [1, 2, 3] as const;
export type Replicas = (typeof REPLICAS)[number];

/** Seen on one store. */
interface SeenOn {
  readonly replicas: Readonly<Record<Replicas, Service>>;
  /** Three replicas. */
  readonly usual: Service;
  /** Three replicas whose commits are synced later; undefined where this is not measured. */
  readonly syncedLater: Service | undefined;
}

function seenOn(store: StoreName): SeenOn {
  const { needs, startServer, startUnsafe } = STORES[store];
  const name = `Seen on ${store}`;
  const usual = { name, needs, start: () => start(startServer, 3) };
  return {
    replicas: {
      1: { name: `${name}, one replica`, needs, start: () => start(startServer, 1) },
      2: { name: `${name}, two replicas`, needs, start: () => start(startServer, 2) },
      3: usual,
    },
    usual,
    syncedLater: startUnsafe && {
      name: `${name}, synced later`,
      needs,
      start: () => start(startUnsafe, 3),
    },
  };
}

/** Seen on each store. */
export const SEEN: Readonly<Record<StoreName, SeenOn>> = {
  Redis: seenOn('Redis'),
  SQLite: seenOn('SQLite'),
  PostgreSQL: seenOn('PostgreSQL'),
};

/**
 * Three replicas without and with the limit of deploy/edge.yml on requests of an address. Both are
 * loaded for this comparison only, and so equally.
 */
export function limitedSeen(store: StoreName): {
  readonly without: Service;
  readonly limited: Service;
} {
  const { needs, startServer } = STORES[store];
  const service = (suffix: string, requestsPerMinute: number): Service => ({
    name: `Seen on ${store}, ${suffix}`,
    needs,
    start: () => start(startServer, 3, requestsPerMinute),
  });
  return { without: service('without a limit', 0), limited: service('limited', 600) };
}
