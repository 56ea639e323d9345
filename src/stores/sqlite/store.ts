/**
 * The SQLite store: one file on a local disk, shared by the replicas of one machine. Builds its
 * parts on one open file.
 *
 * Each part is a file beside this one, with its name in `contract/`. Not here: transactions and
 * turns (`database.ts`), and the file and its schema (`file.ts`, `schema.ts`).
 */
import type { Store } from '../../contract/store.ts';
import type { PartOptions } from '../part-options.ts';
import { fileSystemRisks } from './advice.ts';
import { SqliteArchive } from './archive.ts';
import { SqliteCounting, SqliteSpace } from './counting.ts';
import { SqliteDatabase, type SqliteOptions } from './database.ts';
import { SqliteHistory } from './history.ts';
import { SqliteLimiter } from './limiter.ts';
import { SqlitePresence } from './presence.ts';
import { SqliteRegistry } from './registry.ts';

export interface SqliteStoreOptions extends SqliteOptions, PartOptions {}

/** Builds the store. It opens the file on first use, not here. */
export function createSqliteStore(options: SqliteStoreOptions): Store {
  const database = new SqliteDatabase(options);
  const { place } = database;
  const space = new SqliteSpace(place);
  return {
    kind: 'sqlite',
    place,
    counting: new SqliteCounting(database, space, options),
    registry: new SqliteRegistry(database, space, options),
    history: new SqliteHistory(database, options.now),
    limiter: new SqliteLimiter(database, options),
    presence: new SqlitePresence(database, options.now),
    archive: new SqliteArchive(database, options),
    risks: async () => fileSystemRisks(place),
    close: async () => database.close(),
  };
}
