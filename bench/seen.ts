/** Seen as it is measured: on each store, with three replicas or one, synced or not. */
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

/** Seen on one store. */
interface SeenOn {
  /** As the README starts it: three replicas. */
  readonly usual: Service;
  /** The variants: one replica, and commits that are synced later. */
  readonly others: readonly Service[];
}

function seenOn(store: StoreName): SeenOn {
  const { needs, startServer, startUnsafe } = STORES[store];
  const name = `Seen on ${store}`;
  return {
    usual: { name, needs, start: () => start(startServer, 3) },
    others: [
      { name: `${name}, one replica`, needs, start: () => start(startServer, 1) },
      ...(startUnsafe
        ? [{ name: `${name}, synced later`, needs, start: () => start(startUnsafe, 3) }]
        : []),
    ],
  };
}

/** Seen on each store. */
export const SEEN: Readonly<Record<StoreName, SeenOn>> = {
  Redis: seenOn('Redis'),
  SQLite: seenOn('SQLite'),
  PostgreSQL: seenOn('PostgreSQL'),
};

/** The same with three replicas and the limit of deploy/edge.yml on requests of an address. */
export function limitedSeen(store: StoreName): Service {
  const { needs, startServer } = STORES[store];
  return { name: `Seen on ${store}, limited`, needs, start: () => start(startServer, 3, 600) };
}
