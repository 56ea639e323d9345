/**
 * The contract of a store: one suite for each part, all on the same database, and the calls of the
 * store as a whole. Every store runs it, on the real database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { testArchive } from './archive-contract.ts';
import { testBounds } from './bounds-contract.ts';
import { testCounting } from './counting-contract.ts';
import { testHistory } from './history-contract.ts';
import { testLimiter } from './limiter-contract.ts';
import { testPresence } from './presence-contract.ts';
import { testRegistry } from './registry-contract.ts';
import { testRules } from './rules-contract.ts';
import type { Subject } from './subject.ts';
import { codeOf } from './tools.ts';

/** Runs the contract against what `start` builds. */
export function testStoreContract(database: string, start: () => Promise<Subject>): void {
  describe(`store contract: ${database}`, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await start();
    });
    afterAll(() => subject.end());

    for (const testPart of [
      testCounting,
      testRegistry,
      testRules,
      testHistory,
      testLimiter,
      testPresence,
      testArchive,
      testBounds,
    ]) {
      testPart(() => subject);
    }

    test('a closed store refuses every call', async () => {
      const closed = subject.open();
      await closed.close();
      expect(
        await codeOf(closed.counting.commit({ writer: randomUUID(), sequence: 1, changes: [] })),
      ).toBe('store-unavailable');
      expect(await codeOf(closed.counting.ping())).toBe('store-unavailable');
      const limit = { name: 'requests', quota: 1, windowMs: 1000 };
      expect(await codeOf(closed.limiter.take([{ who: 'somebody', limit }]))).toBe(
        'store-unavailable',
      );
    });

    test('answers a ping, which counts nothing, and names the place of the counts', async () => {
      const [store, other] = [subject.open(), subject.open()];
      const before = await store.registry.size();
      await Promise.all([store.counting.ping(), store.counting.ping(), other.counting.ping()]);
      await store.counting.ping();
      await other.close();
      expect(await store.registry.size()).toBe(before);
      expect(store.place).not.toBe('');
      await store.close();
    });
  });
}
