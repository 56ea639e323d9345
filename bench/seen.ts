/** Seen as it is measured: on each store, with three replicas or one. */
import { join } from 'node:path';
import { freePort } from '../test/support/folder.ts';
import { PostgresServer } from '../test/support/postgres-server.ts';
import { RedisServer, SAFE } from '../test/support/redis-server.ts';
import {
  type DatabaseServer,
  NO_SERVER,
  type Running,
  type Service,
  startService,
} from './services.ts';

const ROOT = join(import.meta.dir, '..');

async function start(
  startServer: () => Promise<DatabaseServer | undefined>,
  replicas: number,
): Promise<Running> {
  const operationsPort = await freePort();
  return startService(startServer, (port, server, folder) => ({
    command: [process.execPath, join(ROOT, 'src/main.ts'), 'serve'],
    env: {
      SEEN_STORE_URL: server?.url ?? `sqlite:${folder}/seen.db`,
      SEEN_HOST: '127.0.0.1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${operationsPort}`,
      SEEN_REPLICAS: `${replicas}`,
    },
  }));
}

const onRedis = (name: string, replicas: number, settings = SAFE): Service => ({
  name,
  needs: ['redis-server'],
  start: () => start(() => RedisServer.start(settings), replicas),
});

const onSqlite = (name: string, replicas: number): Service => ({
  name,
  needs: [],
  start: () => start(NO_SERVER, replicas),
});

const onPostgres = (name: string, replicas: number): Service => ({
  name,
  needs: ['postgres'],
  start: () => start(() => PostgresServer.start(), replicas),
});

/** As the README starts it: three replicas. */
export const SEEN_ON_REDIS = onRedis('Seen on Redis', 3);
export const SEEN_ON_SQLITE = onSqlite('Seen on SQLite', 3);
export const SEEN_ON_POSTGRES = onPostgres('Seen on PostgreSQL', 3);
export const ONE_REPLICA = [
  onRedis('Seen on Redis, one replica', 1),
  onSqlite('Seen on SQLite, one replica', 1),
] as const;
/** What is answered may be lost for a second: only to see what syncing costs. */
export const SYNCED_EACH_SECOND = onRedis('Seen on Redis, synced each second', 3, {
  ...SAFE,
  appendfsync: 'everysec',
});
