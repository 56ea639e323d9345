/**
 * The PostgreSQL store, shared by all replicas: builds its parts on one database.
 *
 * Each part is a file beside this one, with its name in `contract/`. Each operation is one call of
 * one SQL function (`sql/`): one statement, one transaction, one round trip. Not here: hosts and
 * connections (`connection.ts`), and the schema (`schema.ts`).
 */
import type { Store } from '../../contract/store.ts';
import type { ServerPartOptions } from '../server.ts';
import { postgresRisks } from './advice.ts';
import { PostgresArchive } from './archive.ts';
import { PostgresDatabase, type PostgresOptions } from './connection.ts';
import { PostgresCounting } from './counting.ts';
import { PostgresHistory } from './history.ts';
import { PostgresLimiter } from './limiter.ts';
import { PostgresPresence } from './presence.ts';
import { PostgresRegistry } from './registry.ts';
import { claimSchema } from './schema.ts';

export interface PostgresStoreOptions extends PostgresOptions, ServerPartOptions {}

/** Builds the store. It connects on first use, not here. */
export function createPostgresStore(options: PostgresStoreOptions): Store {
  const database = new PostgresDatabase({
    ...options,
    prepare: (session, endsAt) => claimSchema(session, endsAt, database.place),
  });
  return {
    kind: 'postgres',
    place: database.place,
    counting: new PostgresCounting(database, options),
    registry: new PostgresRegistry(database, options),
    history: new PostgresHistory(database, options.now),
    limiter: new PostgresLimiter(database, options),
    presence: new PostgresPresence(database),
    archive: new PostgresArchive(database, options),
    risks: () => postgresRisks(database),
    close: async () => database.close(),
  };
}
