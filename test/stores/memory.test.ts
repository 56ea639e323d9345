/** The store that stands in for a database in the tests of the counter keeps the same contract as the real ones. */
import { KEYS_MAX, testStoreContract } from '../store-contract.ts';
import { MemoryStore, memoryDatabase } from '../support/memory-store.ts';

testStoreContract('memory', async () => {
  const database = memoryDatabase(KEYS_MAX);
  return { open: () => new MemoryStore(database), end: async () => undefined };
});
