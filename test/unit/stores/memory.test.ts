/**
 * The store in memory, which replaces a database in the tests of the counter, keeps the same
 * contract as the real ones.
 */
import { testStoreContract } from '../../contract/store-contract.ts';
import { LIMITS } from '../../contract/subject.ts';
import { memoryDatabase } from '../../support/memory-store/database.ts';
import { createMemoryStore } from '../../support/memory-store/store.ts';

testStoreContract('memory', async () => {
  const database = memoryDatabase(LIMITS);
  return {
    readsOneMoment: true,
    open: (limits = {}) => createMemoryStore({ ...database, ...limits }),
    end: async () => undefined,
  };
});
