/** The stores that Seen is measured on, each with a server of its own where it has one. */
import { PostgresServer } from '../test/support/postgres-server.ts';
import { RedisServer, SAFE } from '../test/support/redis-server.ts';
import { type DatabaseServer, NO_SERVER } from './services.ts';

/** The programs and the servers of a store. */
export interface StoreToMeasure {
  /** The programs of its server. */
  readonly needs: readonly string[];
  /** Starts a server with an empty database, and the settings that Seen wants. */
  readonly startServer: () => Promise<DatabaseServer | undefined>;
  /** The same, but answers may be lost for a moment; undefined where this is not measured. */
  readonly startUnsafe?: () => Promise<DatabaseServer>;
}

export const STORE_NAMES = ['Redis', 'SQLite', 'PostgreSQL'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

export const STORES: Readonly<Record<StoreName, StoreToMeasure>> = {
  Redis: {
    needs: ['redis-server'],
    startServer: () => RedisServer.start(),
    startUnsafe: () => RedisServer.start({ ...SAFE, appendfsync: 'everysec' }),
  },
  SQLite: { needs: [], startServer: NO_SERVER },
  PostgreSQL: {
    needs: ['postgres'],
    startServer: () => PostgresServer.start(),
    startUnsafe: () => PostgresServer.start({ synchronous_commit: 'off' }),
  },
};
