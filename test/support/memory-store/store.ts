/**
 * A store in memory that can wait, fail or hang on request: for tests of the counter. It runs the
 * contract suite. Each part is a file beside this one, as in the stores of `src/stores/`.
 */
import type { Store } from '../../../src/contract/store.ts';
import { MemoryArchive } from './archive.ts';
import { MemoryCounting } from './counting.ts';
import { MemoryConnection, memoryDatabase } from './database.ts';
import { MemoryHistory } from './history.ts';
import { MemoryLimiter } from './limiter.ts';
import { MemoryPresence } from './presence.ts';
import { MemoryRegistry } from './registry.ts';

/** It is no kind of database, and its counting can be told what to do. */
export interface MemoryStore extends Omit<Store, 'kind' | 'counting'> {
  readonly counting: MemoryCounting;
}

/** On a database of its own, or on one shared with other stores. */
export function createMemoryStore(database = memoryDatabase()): MemoryStore {
  const connection = new MemoryConnection(database);
  return {
    place: 'memory',
    counting: new MemoryCounting(connection),
    registry: new MemoryRegistry(connection),
    history: new MemoryHistory(connection),
    limiter: new MemoryLimiter(connection),
    presence: new MemoryPresence(connection),
    archive: new MemoryArchive(connection),
    risks: async () => ['Everything is lost when the process ends.'],
    close: async () => connection.close(),
  };
}
