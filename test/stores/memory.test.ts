/** The store that stands in for a database in the tests of the counter keeps the same contract as the real ones. */
import { testStoreContract } from '../store-contract.ts';
import { type MemoryDatabase, MemoryStore } from '../support/memory-store.ts';

testStoreContract('memory', async () => {
  const database: MemoryDatabase = { totals: new Map(), writers: new Map() };
  return { open: () => new MemoryStore(database), end: async () => undefined };
});
