/**
 * The store contract as a suite. Every store runs it, on the real database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { isAppError } from '../src/counter/errors.ts';
import type { Batch, Change, Store } from '../src/counter/store.ts';

/** How a suite gets at the store that it tests. */
export interface Subject {
  /** A store on a database that the whole suite shares; called again, another one on the same database. */
  open: () => Store;
  /** Ends what the store needs. */
  end: () => Promise<void>;
}

/** So many keys the stores of the suite may remember: more than it uses but where it tries the limit. */
export const KEYS_MAX = 40;

const MAX = Number.MAX_SAFE_INTEGER;

/** Runs the contract against what `begin` builds. */
export function testStoreContract(name: string, begin: () => Promise<Subject>): void {
  describe(`store contract: ${name}`, () => {
    let subject: Subject;
    let store: Store;
    let counter: string;
    let sequence = 0;
    const writer = randomUUID();

    beforeAll(async () => {
      subject = await begin();
      store = subject.open();
    });
    afterAll(async () => {
      await store.close();
      await subject.end();
    });

    const fresh = () => `contract/${randomUUID()}`;
    const batch = (...changes: Change[]): Batch => ({ writer, sequence: ++sequence, changes });
    const codeOf = async (work: Promise<unknown>) => {
      try {
        await work;
      } catch (error) {
        return isAppError(error) ? error.code : error;
      }
      return 'no error';
    };

    test('adds to a new counter and to one that is there', async () => {
      counter = fresh();
      expect(await store.commit(batch({ counter, amount: 3 }))).toEqual([3]);
      expect(await store.commit(batch({ counter, amount: 4 }))).toEqual([7]);
      expect(await store.read([counter])).toEqual([7]);
    });

    test('applies the changes of many counters in one batch and answers in their order', async () => {
      const changes = Array.from({ length: 1000 }, (_, index) => ({ counter: fresh(), amount: index + 1 }));
      expect(await store.commit(batch(...changes))).toEqual(changes.map(({ amount }) => amount));
      expect(await store.read(changes.map((change) => change.counter))).toEqual(
        changes.map(({ amount }) => amount),
      );
    });

    test('reads no total where there is no counter, and reading makes none', async () => {
      const missing = fresh();
      expect(await store.read([missing, counter, missing])).toEqual([undefined, 7, undefined]);
      expect(await store.read([missing])).toEqual([undefined]);
      expect(await store.read([])).toEqual([]);
    });

    test('the same batch sent twice counts once and gets the same answer', async () => {
      const other = fresh();
      const twice = batch({ counter, amount: 5 }, { counter: other, amount: 1 });
      const answer = await store.commit(twice);
      expect(await store.commit(twice)).toEqual(answer);
      expect(await store.read([counter, other])).toEqual([12, 1]);
    });

    test('the same batch sent again over another connection, as after a lost one, counts once', async () => {
      const again = batch({ counter, amount: 1 });
      const answer = await store.commit(again);
      const second = subject.open();
      expect(await second.commit(again)).toEqual(answer);
      await second.close();
      expect(await store.read([counter])).toEqual([13]);
    });

    test('a batch that is not the next one is refused loudly and changes nothing', async () => {
      const skipped = { writer, sequence: sequence + 2, changes: [{ counter, amount: 1 }] };
      const stale = { writer, sequence: sequence - 1, changes: [{ counter, amount: 1 }] };
      const unknown = { writer: randomUUID(), sequence: 2, changes: [{ counter, amount: 1 }] };
      for (const wrong of [skipped, stale, unknown]) {
        expect(await codeOf(store.commit(wrong))).toBe('sequence-mismatch');
      }
      expect(await store.read([counter])).toEqual([13]);
      expect(await store.commit(batch({ counter, amount: 1 }))).toEqual([14]);
    });

    test('writers do not disturb each other', async () => {
      const shared = fresh();
      const writers = Array.from({ length: 5 }, () => randomUUID());
      const stores = writers.map(() => subject.open());
      await Promise.all(
        writers.map(async (own, index) => {
          for (let number = 1; number <= 20; number++) {
            await stores[index]?.commit({
              writer: own,
              sequence: number,
              changes: [{ counter: shared, amount: 1 }],
            });
          }
        }),
      );
      await Promise.all(stores.map((other) => other.close()));
      expect(await store.read([shared])).toEqual([100]);
    });

    test('amounts may be negative, and so may totals', async () => {
      const low = fresh();
      expect(await store.commit(batch({ counter: low, amount: 2 }))).toEqual([2]);
      expect(await store.commit(batch({ counter: low, amount: -5 }))).toEqual([-3]);
      expect(await store.read([low])).toEqual([-3]);
    });

    test('a total may reach 2^53-1 and not one more, and keeps what it has', async () => {
      const high = fresh();
      expect(await store.commit(batch({ counter: high, amount: MAX - 1 }))).toEqual([MAX - 1]);
      expect(await store.commit(batch({ counter: high, amount: 1 }))).toEqual([MAX]);
      const beyond = batch({ counter: high, amount: 1 });
      expect(await store.commit(beyond)).toEqual(['out-of-range']);
      expect(await store.commit(beyond)).toEqual(['out-of-range']);
      expect(await store.commit(batch({ counter: high, amount: MAX }))).toEqual(['out-of-range']);
      expect(await store.read([high])).toEqual([MAX]);
    });

    test('a total may reach -(2^53-1) and not one less', async () => {
      const low = fresh();
      expect(await store.commit(batch({ counter: low, amount: -MAX }))).toEqual([-MAX]);
      expect(await store.commit(batch({ counter: low, amount: -1 }))).toEqual(['out-of-range']);
      expect(await store.read([low])).toEqual([-MAX]);
    });

    test('a counter that is full does not keep the others of its batch from counting', async () => {
      const [full, before, after] = [fresh(), fresh(), fresh()];
      await store.commit(batch({ counter: full, amount: MAX }));
      const mixed = batch(
        { counter: before, amount: 1 },
        { counter: full, amount: 1 },
        { counter: after, amount: 2 },
      );
      expect(await store.commit(mixed)).toEqual([1, 'out-of-range', 2]);
      expect(await store.commit(mixed)).toEqual([1, 'out-of-range', 2]);
      expect(await store.read([before, full, after])).toEqual([1, MAX, 2]);
    });

    const once = (key: string, request = '1') => ({ key, request });
    const freshKey = () => randomUUID();

    test('a request that is asked for again under its key counts once and gets the same answer', async () => {
      const own = fresh();
      const key = freshKey();
      const keyed = { counter: own, amount: 1, once: once(key) };
      expect(await store.commit(batch(keyed))).toEqual([1]);
      expect(await store.commit(batch({ counter: own, amount: 5 }, keyed))).toEqual([6, 1]);
      const second = subject.open();
      expect(await second.commit({ writer: randomUUID(), sequence: 1, changes: [keyed] })).toEqual([1]);
      await second.close();
      expect(await store.read([own])).toEqual([6]);
    });

    test('a request that stands twice in a batch counts once', async () => {
      const own = fresh();
      const keyed = { counter: own, amount: 2, once: once(freshKey(), '2') };
      const twice = batch(
        { counter: own, amount: 1 },
        keyed,
        { counter: own, amount: 1, once: once(freshKey()) },
        keyed,
      );
      expect(await store.commit(twice)).toEqual([1, 3, 4, 3]);
      expect(await store.commit(twice)).toEqual([1, 3, 4, 3]);
      expect(await store.read([own])).toEqual([4]);
    });

    test('a key that was used for another request is refused, and the rest of the batch counts', async () => {
      const [own, other] = [fresh(), fresh()];
      const key = freshKey();
      expect(await store.commit(batch({ counter: own, amount: 1, once: once(key, '1') }))).toEqual([1]);
      const mixed = batch({ counter: own, amount: 2, once: once(key, '2') }, { counter: other, amount: 1 });
      expect(await store.commit(mixed)).toEqual(['key-reused', 1]);
      expect(await store.commit(mixed)).toEqual(['key-reused', 1]);
      expect(await store.read([own, other])).toEqual([1, 1]);
    });

    test('the key of a request that was left out is not remembered', async () => {
      const full = fresh();
      const key = freshKey();
      await store.commit(batch({ counter: full, amount: MAX }));
      const keyed = { counter: full, amount: 1, once: once(key) };
      expect(await store.commit(batch(keyed))).toEqual(['out-of-range']);
      await store.commit(batch({ counter: full, amount: -10 }));
      expect(await store.commit(batch(keyed))).toEqual([MAX - 9]);
    });

    test('what was committed is there after the store was closed', async () => {
      await store.close();
      await store.close();
      store = subject.open();
      expect(await store.read([counter])).toEqual([14]);
      expect(await store.commit(batch({ counter, amount: 1 }))).toEqual([15]);
    });

    test('no more keys are remembered than may be; those that are still work, and so does what has none', async () => {
      const own = fresh();
      const outcomes = await store.commit(
        batch(
          ...Array.from({ length: KEYS_MAX }, () => ({ counter: own, amount: 1, once: once(freshKey()) })),
        ),
      );
      const counted = outcomes.filter((outcome) => typeof outcome === 'number').length;
      expect(counted).toBeGreaterThan(0);
      expect(counted).toBeLessThan(KEYS_MAX);
      expect(outcomes.slice(counted).every((outcome) => outcome === 'keys-full')).toBe(true);
      const late = { counter: own, amount: 1, once: once(freshKey()) };
      const mixed = batch(late, { counter: own, amount: 1 });
      expect(await store.commit(mixed)).toEqual(['keys-full', counted + 1]);
      expect(await store.read([own])).toEqual([counted + 1]);
    });

    test('a closed store refuses', async () => {
      const closed = subject.open();
      await closed.close();
      expect(await codeOf(closed.commit({ writer: randomUUID(), sequence: 1, changes: [] }))).toBe(
        'store-unavailable',
      );
      expect(await codeOf(closed.ping())).toBe('store-unavailable');
    });

    test('answers a ping and says where it keeps the counts', async () => {
      await store.ping();
      expect(store.place).not.toBe('');
    });
  });
}
