/**
 * The contract of counting: batches, writers, totals and idempotency keys. Every store runs it, on
 * the real database. Not here: private counters and windows (`rules-contract.ts`).
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Batch, Change, Outcome } from '../../src/contract/counting.ts';
import { LIMITS, type Subject, type TestedStore } from './subject.ts';
import { codeOf, fresh, freshKey, MAX, once } from './tools.ts';

/** Runs this part of the contract. */
export function testCounting(subject: () => Subject): void {
  describe('counting', () => {
    let store: TestedStore;
    let counter: string;
    let sequence = 0;
    const writer = randomUUID();
    beforeAll(() => {
      store = subject().open();
    });
    afterAll(() => store.close());

    const batch = (...changes: Change[]): Batch => ({ writer, sequence: ++sequence, changes });

    test('adds to a new counter and to an existing one', async () => {
      counter = fresh();
      expect(await store.counting.commit(batch({ counter, amount: 3 }))).toEqual([3]);
      expect(await store.counting.commit(batch({ counter, amount: 4 }))).toEqual([7]);
      expect(await store.counting.read([counter])).toEqual([7]);
    });

    test('applies the changes of many counters in one batch and answers in their order', async () => {
      const changes = Array.from({ length: 1000 }, (_, index) => ({
        counter: fresh(),
        amount: index + 1,
      }));
      expect(await store.counting.commit(batch(...changes))).toEqual(
        changes.map(({ amount }) => amount),
      );
      expect(await store.counting.read(changes.map((change) => change.counter))).toEqual(
        changes.map(({ amount }) => amount),
      );
    });

    test('makes several changes of one counter in their order', async () => {
      const [other, another] = [fresh(), fresh()];
      const changes = [
        { counter: other, amount: 5 },
        { counter: another, amount: 1 },
        { counter: other, amount: -2 },
        { counter: other, amount: MAX },
        { counter: another, amount: 1, kinds: { person: 1 } },
        { counter: other, amount: 1, kinds: { person: 1 } },
      ];
      const outcomes: Outcome[] = [5, 1, 3, 'out-of-range', 2, 4];
      expect(await store.counting.commit(batch(...changes))).toEqual(outcomes);
      expect(await store.counting.read([other, another])).toEqual([4, 2]);
      const { hours } = await store.history.read(other);
      expect(new Map(hours.map(({ kind, amount }) => [kind, amount]))).toEqual(
        new Map([
          ['program', 3],
          ['person', 1],
        ]),
      );
    });

    test('reads no total of a missing counter, and does not create it', async () => {
      const missing = fresh();
      expect(await store.counting.read([missing, counter, missing])).toEqual([
        undefined,
        7,
        undefined,
      ]);
      expect(await store.counting.read([missing])).toEqual([undefined]);
      expect(await store.counting.read([])).toEqual([]);
    });

    test('the same batch sent twice counts once and gets the same answer', async () => {
      const other = fresh();
      const twice = batch({ counter, amount: 5 }, { counter: other, amount: 1 });
      const answer = await store.counting.commit(twice);
      expect(await store.counting.commit(twice)).toEqual(answer);
      expect(await store.counting.read([counter, other])).toEqual([12, 1]);
    });

    test('the same batch sent again over another connection, as after a lost one, counts once', async () => {
      const again = batch({ counter, amount: 1 });
      const answer = await store.counting.commit(again);
      const second = subject().open();
      expect(await second.counting.commit(again)).toEqual(answer);
      await second.close();
      expect(await store.counting.read([counter])).toEqual([13]);
    });

    test('a batch that is out of order fails with an error and changes nothing', async () => {
      const skipped = { writer, sequence: sequence + 2, changes: [{ counter, amount: 1 }] };
      const stale = { writer, sequence: sequence - 1, changes: [{ counter, amount: 1 }] };
      const unknown = { writer: randomUUID(), sequence: 2, changes: [{ counter, amount: 1 }] };
      for (const wrong of [skipped, stale, unknown]) {
        expect(await codeOf(store.counting.commit(wrong))).toBe('sequence-mismatch');
      }
      expect(await store.counting.read([counter])).toEqual([13]);
      expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual([14]);
    });

    test('an empty batch uses its sequence number and counts nothing', async () => {
      const [own, name] = [randomUUID(), fresh()];
      const commit = (number: number, ...changes: Change[]) =>
        store.counting.commit({ writer: own, sequence: number, changes });
      expect(await commit(1)).toEqual([]);
      expect(await commit(1)).toEqual([]);
      expect(await codeOf(commit(3))).toBe('sequence-mismatch');
      expect(await commit(2, { counter: name, amount: 1 })).toEqual([1]);
      expect(await commit(3)).toEqual([]);
      expect(await store.counting.read([name])).toEqual([1]);
    });

    test('an empty batch replaces a batch that was given up: the first to arrive is applied', async () => {
      const [own, name] = [randomUUID(), fresh()];
      const commit = (number: number, ...changes: Change[]) =>
        store.counting.commit({ writer: own, sequence: number, changes });
      const given = { counter: name, amount: 1 };
      // The given-up one arrives late, and after the next.
      await commit(1);
      expect(await commit(1, given)).toEqual([]);
      await commit(2);
      expect(await codeOf(commit(1, given))).toBe('sequence-mismatch');
      expect(await store.counting.read([name])).toEqual([undefined]);
      // It was applied before.
      await commit(3, given);
      await commit(3);
      expect(await store.counting.read([name])).toEqual([1]);
      expect(await commit(4, given)).toEqual([2]);
    });

    test('writers do not disturb each other', async () => {
      const shared = fresh();
      const writers = Array.from({ length: 5 }, () => randomUUID());
      const stores = writers.map(() => subject().open());
      await Promise.all(
        writers.map(async (own, index) => {
          for (let number = 1; number <= 20; number++) {
            await stores[index]?.counting.commit({
              writer: own,
              sequence: number,
              changes: [{ counter: shared, amount: 1 }],
            });
          }
        }),
      );
      await Promise.all(stores.map((other) => other.close()));
      expect(await store.counting.read([shared])).toEqual([100]);
    });

    test('amounts may be negative, and so may totals', async () => {
      const low = fresh();
      expect(await store.counting.commit(batch({ counter: low, amount: 2 }))).toEqual([2]);
      expect(await store.counting.commit(batch({ counter: low, amount: -5 }))).toEqual([-3]);
      expect(await store.counting.read([low])).toEqual([-3]);
    });

    test('a total can reach 2^53-1 but no more, and is kept when a hit would exceed it', async () => {
      const high = fresh();
      expect(await store.counting.commit(batch({ counter: high, amount: MAX - 1 }))).toEqual([
        MAX - 1,
      ]);
      expect(await store.counting.commit(batch({ counter: high, amount: 1 }))).toEqual([MAX]);
      const beyond = batch({ counter: high, amount: 1 });
      expect(await store.counting.commit(beyond)).toEqual(['out-of-range']);
      expect(await store.counting.commit(beyond)).toEqual(['out-of-range']);
      expect(await store.counting.commit(batch({ counter: high, amount: MAX }))).toEqual([
        'out-of-range',
      ]);
      expect(await store.counting.read([high])).toEqual([MAX]);
    });

    test('a total can reach -(2^53-1) but no less', async () => {
      const low = fresh();
      expect(await store.counting.commit(batch({ counter: low, amount: -MAX }))).toEqual([-MAX]);
      expect(await store.counting.commit(batch({ counter: low, amount: -1 }))).toEqual([
        'out-of-range',
      ]);
      expect(await store.counting.read([low])).toEqual([-MAX]);
    });

    test('a counter at its maximum does not prevent others of its batch from counting', async () => {
      const [full, before, after] = [fresh(), fresh(), fresh()];
      await store.counting.commit(batch({ counter: full, amount: MAX }));
      const mixed = batch(
        { counter: before, amount: 1 },
        { counter: full, amount: 1 },
        { counter: after, amount: 2 },
      );
      expect(await store.counting.commit(mixed)).toEqual([1, 'out-of-range', 2]);
      expect(await store.counting.commit(mixed)).toEqual([1, 'out-of-range', 2]);
      expect(await store.counting.read([before, full, after])).toEqual([1, MAX, 2]);
    });

    test('a request that is repeated with its key counts once and gets the same answer', async () => {
      const own = fresh();
      const key = freshKey();
      const keyed = { counter: own, amount: 1, once: once(key) };
      expect(await store.counting.commit(batch(keyed))).toEqual([1]);
      expect(await store.counting.commit(batch({ counter: own, amount: 5 }, keyed))).toEqual([
        6, 1,
      ]);
      const second = subject().open();
      expect(
        await second.counting.commit({ writer: randomUUID(), sequence: 1, changes: [keyed] }),
      ).toEqual([1]);
      await second.close();
      expect(await store.counting.read([own])).toEqual([6]);
    });

    test('a request that is in a batch twice counts once', async () => {
      const own = fresh();
      const keyed = { counter: own, amount: 2, once: once(freshKey(), '2') };
      const twice = batch(
        { counter: own, amount: 1 },
        keyed,
        { counter: own, amount: 1, once: once(freshKey()) },
        keyed,
      );
      expect(await store.counting.commit(twice)).toEqual([1, 3, 4, 3]);
      expect(await store.counting.commit(twice)).toEqual([1, 3, 4, 3]);
      expect(await store.counting.read([own])).toEqual([4]);
    });

    test('a key that was used for another request is refused, and the rest of the batch counts', async () => {
      const [own, other] = [fresh(), fresh()];
      const key = freshKey();
      expect(
        await store.counting.commit(batch({ counter: own, amount: 1, once: once(key, '1') })),
      ).toEqual([1]);
      const mixed = batch(
        { counter: own, amount: 2, once: once(key, '2') },
        { counter: other, amount: 1 },
      );
      expect(await store.counting.commit(mixed)).toEqual(['key-reused', 1]);
      expect(await store.counting.commit(mixed)).toEqual(['key-reused', 1]);
      expect(await store.counting.read([own, other])).toEqual([1, 1]);
    });

    test('the key of a request that was not counted is not remembered', async () => {
      const full = fresh();
      const key = freshKey();
      await store.counting.commit(batch({ counter: full, amount: MAX }));
      const keyed = { counter: full, amount: 1, once: once(key) };
      expect(await store.counting.commit(batch(keyed))).toEqual(['out-of-range']);
      await store.counting.commit(batch({ counter: full, amount: -10 }));
      expect(await store.counting.commit(batch(keyed))).toEqual([MAX - 9]);
    });

    test('committed data survives closing the store', async () => {
      await store.close();
      await store.close();
      store = subject().open();
      expect(await store.counting.read([counter])).toEqual([14]);
      expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual([15]);
    });

    test('no more keys are stored than the limit allows; known keys and hits without a key still work', async () => {
      const own = fresh();
      const outcomes = await store.counting.commit(
        batch(
          ...Array.from({ length: LIMITS.keysMax }, () => ({
            counter: own,
            amount: 1,
            once: once(freshKey()),
          })),
        ),
      );
      const counted = outcomes.filter((outcome) => typeof outcome === 'number').length;
      expect(counted).toBeGreaterThan(0);
      expect(counted).toBeLessThan(LIMITS.keysMax);
      expect(outcomes.slice(counted).every((outcome) => outcome === 'keys-full')).toBe(true);
      const late = { counter: own, amount: 1, once: once(freshKey()) };
      const mixed = batch(late, { counter: own, amount: 1 });
      expect(await store.counting.commit(mixed)).toEqual(['keys-full', counted + 1]);
      expect(await store.counting.read([own])).toEqual([counted + 1]);
    });
  });
}
