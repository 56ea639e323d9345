/**
 * The store contract as a suite. Every store runs it, on the real database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Batch, Change } from '../../src/contract/counting.ts';
import type { Kind } from '../../src/contract/history.ts';
import {
  type CounterHistory,
  DAY_MS,
  HOUR_MS,
  HOURS_KEPT_DAYS,
} from '../../src/contract/history.ts';
import type { HeartbeatReport } from '../../src/contract/presence.ts';
import {
  type Condition,
  RULES,
  type RuleChanges,
  type Rules,
} from '../../src/contract/registry.ts';
import { isAppError } from '../../src/counter/errors.ts';
import { callers } from '../support/callers.ts';
import { testArchive } from './archive-contract.ts';
import { testBounds } from './bounds-contract.ts';
import { LIMITS, type Subject, type TestedStore } from './subject.ts';

const MAX = Number.MAX_SAFE_INTEGER;

const byText = (a: unknown, b: unknown) => (String(a) < String(b) ? -1 : 1);

/** Runs the contract against what `start` builds. */
export function testStoreContract(database: string, start: () => Promise<Subject>): void {
  describe(`store contract: ${database}`, () => {
    let subject: Subject;
    let store: TestedStore;
    let counter: string;
    let sequence = 0;
    const writer = randomUUID();

    beforeAll(async () => {
      subject = await start();
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

    test('reads no total where there is no counter, and reading makes none', async () => {
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
      const second = subject.open();
      expect(await second.counting.commit(again)).toEqual(answer);
      await second.close();
      expect(await store.counting.read([counter])).toEqual([13]);
    });

    test('a batch that is not the next one is refused loudly and changes nothing', async () => {
      const skipped = { writer, sequence: sequence + 2, changes: [{ counter, amount: 1 }] };
      const stale = { writer, sequence: sequence - 1, changes: [{ counter, amount: 1 }] };
      const unknown = { writer: randomUUID(), sequence: 2, changes: [{ counter, amount: 1 }] };
      for (const wrong of [skipped, stale, unknown]) {
        expect(await codeOf(store.counting.commit(wrong))).toBe('sequence-mismatch');
      }
      expect(await store.counting.read([counter])).toEqual([13]);
      expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual([14]);
    });

    test('a batch without changes takes its number and counts nothing', async () => {
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

    test('a batch without changes takes the place of one that is given up: what comes first is applied', async () => {
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
      const stores = writers.map(() => subject.open());
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

    test('a total may reach 2^53-1 and not one more, and keeps what it has', async () => {
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

    test('a total may reach -(2^53-1) and not one less', async () => {
      const low = fresh();
      expect(await store.counting.commit(batch({ counter: low, amount: -MAX }))).toEqual([-MAX]);
      expect(await store.counting.commit(batch({ counter: low, amount: -1 }))).toEqual([
        'out-of-range',
      ]);
      expect(await store.counting.read([low])).toEqual([-MAX]);
    });

    test('a counter that is full does not keep the others of its batch from counting', async () => {
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

    const once = (key: string, request = '1') => ({ key, request });
    const freshKey = () => randomUUID();

    test('a request that is asked for again under its key counts once and gets the same answer', async () => {
      const own = fresh();
      const key = freshKey();
      const keyed = { counter: own, amount: 1, once: once(key) };
      expect(await store.counting.commit(batch(keyed))).toEqual([1]);
      expect(await store.counting.commit(batch({ counter: own, amount: 5 }, keyed))).toEqual([
        6, 1,
      ]);
      const second = subject.open();
      expect(
        await second.counting.commit({ writer: randomUUID(), sequence: 1, changes: [keyed] }),
      ).toEqual([1]);
      await second.close();
      expect(await store.counting.read([own])).toEqual([6]);
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

    test('the key of a request that was left out is not remembered', async () => {
      const full = fresh();
      const key = freshKey();
      await store.counting.commit(batch({ counter: full, amount: MAX }));
      const keyed = { counter: full, amount: 1, once: once(key) };
      expect(await store.counting.commit(batch(keyed))).toEqual(['out-of-range']);
      await store.counting.commit(batch({ counter: full, amount: -10 }));
      expect(await store.counting.commit(batch(keyed))).toEqual([MAX - 9]);
    });

    test('what was committed is there after the store was closed', async () => {
      await store.close();
      await store.close();
      store = subject.open();
      expect(await store.counting.read([counter])).toEqual([14]);
      expect(await store.counting.commit(batch({ counter, amount: 1 }))).toEqual([15]);
    });

    test('no more keys are remembered than may be; those that are still work, and so does what has none', async () => {
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

    describe('counters', () => {
      const owner = 'the hash of a token';

      test('one that is made stands where it was told to, has an owner, and counts on', async () => {
        const own = fresh();
        const before = Date.now();
        expect(await store.registry.create(own, { total: 41, madeAt: Date.now(), owner })).toBe(
          'created',
        );
        const made = await store.registry.describe(own);
        expect(made).toMatchObject({ counter: own, total: 41, owner, rules: RULES });
        expect(made?.madeAt).toBeGreaterThanOrEqual(before);
        expect(made?.madeAt).toBeLessThanOrEqual(Date.now());
        expect(await store.counting.commit(batch({ counter: own, amount: 1 }))).toEqual([42]);
        expect(await store.registry.describe(own)).toEqual({ ...made!, total: 42 });
      });

      test('one that is made with rules keeps them', async () => {
        const own = fresh();
        const rules = {
          lowest: -MAX,
          highest: 0,
          settable: true,
          private: true,
          windowMs: DAY_MS,
        };
        const size = await store.registry.size();
        expect(
          await store.registry.create(own, { total: 0, madeAt: Date.now(), owner, rules }),
        ).toBe('created');
        expect((await store.registry.describe(own))?.rules).toEqual(rules);
        await store.registry.change(own, { owner: 'another' });
        await store.registry.change(own, { total: 7 });
        expect((await store.registry.describe(own))?.rules).toEqual(rules);
        expect(
          await store.registry.change(own, { rules: { ...rules, settable: false, windowMs: 0 } }),
        ).toMatchObject({
          rules: { ...rules, settable: false, windowMs: 0 },
        });
        expect((await store.registry.describe(own))?.rules).toEqual({
          ...rules,
          settable: false,
          windowMs: 0,
        });
        expect(await store.registry.change(fresh(), { rules: rules })).toBe('missing');
        expect(await store.registry.size()).toBe(size + 1);
        await store.registry.delete([own]);
        await store.counting.commit(batch({ counter: own, amount: 1 }));
        expect((await store.registry.describe(own))?.rules).toEqual(RULES);
        expect(await store.registry.size()).toBe(size + 1);
      });

      test('one that is there is not made again, but by the same owner, as after a lost answer', async () => {
        const own = fresh();
        await store.registry.create(own, { total: 5, madeAt: Date.now(), owner });
        expect(
          await store.registry.create(own, { total: 7, madeAt: Date.now(), owner: 'of another' }),
        ).toBe('exists');
        expect(await store.registry.create(own, { total: 5, madeAt: Date.now(), owner })).toBe(
          'created',
        );
        const hit = fresh();
        await store.counting.commit(batch({ counter: hit, amount: 1 }));
        expect(await store.registry.create(hit, { total: 7, madeAt: Date.now(), owner })).toBe(
          'exists',
        );
        expect(await store.counting.read([own, hit])).toEqual([5, 1]);
      });

      test('one that the first hit made has no owner, and says when it was made', async () => {
        const own = fresh();
        expect(await store.registry.describe(own)).toBeUndefined();
        await store.counting.commit(batch({ counter: own, amount: 3 }));
        const made = await store.registry.describe(own);
        expect(made).toMatchObject({ counter: own, total: 3, owner: undefined });
        expect(Math.abs(Date.now() - (made?.madeAt ?? 0))).toBeLessThan(60_000);
        await store.counting.commit(batch({ counter: own, amount: -3 }));
        await store.counting.commit(batch({ counter: own, amount: 3 }));
        expect((await store.registry.describe(own))?.madeAt).toBe(made?.madeAt);
      });

      test('is set and given to another owner, if it is there', async () => {
        const own = fresh();
        expect(await store.registry.change(own, { total: 7 })).toBe('missing');
        expect(await store.registry.change(own, { owner: owner })).toBe('missing');
        expect(await store.counting.read([own])).toEqual([undefined]);
        await store.counting.commit(batch({ counter: own, amount: 1 }));
        expect(await store.registry.change(own, { total: -MAX })).toMatchObject({ total: -MAX });
        expect(await store.registry.change(own, { owner: owner })).toMatchObject({ owner: owner });
        expect(await store.registry.change(own, { owner: 'another' })).toMatchObject({
          owner: 'another',
        });
        expect(await store.registry.describe(own)).toMatchObject({
          total: -MAX,
          owner: 'another',
        });
        expect(await store.counting.commit(batch({ counter: own, amount: 1 }))).toEqual([
          -MAX + 1,
        ]);
      });

      test('keeps what is not changed, and is answered as it is after the change', async () => {
        const own = fresh();
        const rules = { ...RULES, lowest: -7, highest: 9, settable: true };
        await store.registry.create(own, { total: 5, madeAt: 1000, owner, rules });
        const after = (changes: object) => ({
          counter: own,
          total: 5,
          madeAt: 1000,
          owner,
          rules,
          ...changes,
        });
        expect(await store.registry.change(own, {})).toEqual(after({}));
        expect(
          await store.registry.change(own, { rules: { private: true, windowMs: undefined } }),
        ).toEqual(after({ rules: { ...rules, private: true } }));
        expect(await store.registry.change(own, { rules: { windowMs: 60_000 } })).toEqual(
          after({ rules: { ...rules, private: true, windowMs: 60_000 } }),
        );
        const all = { total: -3, owner: 'another', rules: { private: false, settable: false } };
        const last = after({ ...all, rules: { ...rules, settable: false, windowMs: 60_000 } });
        expect(await store.registry.change(own, all)).toEqual(last);
        expect(await store.registry.describe(own)).toEqual(last);
        const hit = fresh();
        await store.counting.commit(batch({ counter: hit, amount: 1 }));
        expect(await store.registry.change(hit, { rules: { private: true } })).toMatchObject({
          total: 1,
          owner: undefined,
          rules: { ...RULES, private: true },
        });
      });

      test('changes that come at the same moment from several replicas all hold', async () => {
        const own = fresh();
        const stores = [subject.open(), subject.open(), subject.open()];
        await store.registry.create(own, { total: 0, madeAt: Date.now(), owner });
        const changes: readonly RuleChanges[] = [
          { lowest: -1 },
          { highest: 5 },
          { settable: true },
          { private: true },
          { windowMs: 1000 },
        ];
        for (let turn = 0; turn < 20; turn++) {
          await store.registry.change(own, { rules: RULES });
          await Promise.all(
            changes.map((rules, index) => stores[index % 3]?.registry.change(own, { rules })),
          );
          expect((await store.registry.describe(own))?.rules).toEqual(
            Object.assign({}, ...changes) as Rules,
          );
        }
        await Promise.all(stores.map((one) => one.close()));
      });

      test('is changed and deleted only if it is what it was taken for', async () => {
        const [own, hit] = [fresh(), fresh()];
        await store.registry.create(own, {
          total: 5,
          madeAt: 1000,
          owner,
          rules: { ...RULES, settable: true },
        });
        await store.counting.commit(batch({ counter: hit, amount: 3 }));
        const met: Condition[] = [
          {},
          { owner },
          { settable: true },
          { madeSince: 1000 },
          { totalBelow: 6 },
          { owner, settable: true, madeSince: 0, totalBelow: 100, unowned: false },
        ];
        const failed: Condition[] = [
          { owner: 'another' },
          { unowned: true },
          { madeSince: 1001 },
          { totalBelow: 5 },
          { owner, totalBelow: 5 },
        ];
        for (const condition of failed) {
          expect(await store.registry.change(own, { total: 9 }, condition)).toBe('differs');
          expect(await store.registry.delete([own], condition)).toEqual(['differs']);
        }
        expect(await store.registry.describe(own)).toMatchObject({ total: 5, owner });
        for (const condition of met) {
          expect(await store.registry.change(own, { total: 5 }, condition)).toMatchObject({
            total: 5,
          });
        }
        for (const condition of [{ owner }, { settable: true }]) {
          expect(await store.registry.change(hit, { total: 9 }, condition)).toBe('differs');
          expect(await store.registry.delete([hit], condition)).toEqual(['differs']);
        }
        expect(await store.registry.change(fresh(), { total: 9 }, { owner })).toBe('missing');
        expect(
          await store.registry.delete([own, fresh(), hit], { unowned: true, totalBelow: 4 }),
        ).toEqual(['differs', 'missing', 'deleted']);
        expect(await store.registry.delete([own], met.at(-1))).toEqual(['deleted']);
        expect(await store.counting.read([own, hit])).toEqual([undefined, undefined]);
      });

      test('one that is hit at the moment of its deletion is whole or gone', async () => {
        const other = subject.open();
        for (let turn = 0; turn < 30; turn++) {
          const own = fresh();
          await store.counting.commit(batch({ counter: own, amount: 9 }));
          const [[outcome], [total]] = await Promise.all([
            other.registry.delete([own], { totalBelow: 10 }),
            store.counting.commit(batch({ counter: own, amount: 1 })),
          ]);
          // Either it was deleted and made anew by the hit, or the hit came first and it is not
          // deleted.
          expect([outcome, total, ...(await store.counting.read([own]))]).toEqual(
            outcome === 'deleted' ? ['deleted', 1, 1] : ['differs', 10, 10],
          );
        }
        await other.close();
      });

      test('is deleted with all that is kept of it, and again without harm', async () => {
        const own = fresh();
        await store.registry.create(own, { total: 7, madeAt: Date.now(), owner });
        await store.registry.delete([own]);
        await store.registry.delete([own]);
        expect(await store.registry.describe(own)).toBeUndefined();
        expect(
          (await store.registry.list({ search: own, after: '', limit: 10 })).counters,
        ).toEqual([]);
        expect(await store.counting.commit(batch({ counter: own, amount: 1 }))).toEqual([1]);
        expect((await store.registry.describe(own))?.owner).toBeUndefined();
      });

      test('are listed in the order of their names, page by page, and searched', async () => {
        const space = randomUUID();
        const names = ['a', 'B', 'c', 'd.x', 'e-x'].map((key) => `${space}/${key}`);
        await store.counting.commit(
          batch(...names.map((own, index) => ({ counter: own, amount: index + 1 }))),
        );
        const first = await store.registry.list({ search: space, after: '', limit: 2 });
        expect(first.counters.map(({ counter: name, total }) => [name, total])).toEqual([
          [`${space}/B`, 2],
          [`${space}/a`, 1],
        ]);
        const second = await store.registry.list({
          search: space,
          after: first.next ?? '',
          limit: 3,
        });
        expect(second.counters.map(({ counter: name }) => name)).toEqual(names.slice(2));
        const last = await store.registry.list({
          search: space,
          after: second.next ?? '',
          limit: 3,
        });
        expect(last).toEqual({ counters: [], next: undefined });
        const found = await store.registry.list({ search: `x`, after: `${space}/`, limit: 2 });
        expect(found.counters.map(({ counter: name }) => name)).toEqual(names.slice(3));
        const beginning = { prefix: `${space}/d`, search: '', after: '', limit: 9 };
        expect(
          (await store.registry.list(beginning)).counters.map(({ counter: name }) => name),
        ).toEqual([names[3] ?? '']);
        const whole = await store.registry.list({
          ...beginning,
          prefix: names[4] ?? '',
          limit: 1,
        });
        expect(whole.counters.map(({ counter: name }) => name)).toEqual([names[4] ?? '']);
        const pages = { ...beginning, prefix: `${space}/`, limit: 3 };
        const [page] = [await store.registry.list(pages)];
        const more = await store.registry.list({ ...pages, after: page.next ?? '' });
        expect([page, more].map(({ counters }) => counters.length)).toEqual([3, 2]);
        // What people type is no pattern.
        for (const search of [`${space}/%`, `${space}/*`, `${space}/_`]) {
          expect((await store.registry.list({ search, after: '', limit: 9 })).counters).toEqual(
            [],
          );
        }
      });

      test('a hit makes none where hits may not, and counts on those that are there and on the default counter', async () => {
        const closed = subject.open({ hitsMake: false });
        const [made, unmade] = [fresh(), fresh()];
        expect(await closed.registry.create(made, { total: 0, madeAt: Date.now(), owner })).toBe(
          'created',
        );
        const mixed = {
          writer: randomUUID(),
          sequence: 1,
          changes: [unmade, made, 'hits', unmade].map((name) => ({ counter: name, amount: 1 })),
        };
        const [first, second, third, fourth] = await closed.counting.commit(mixed);
        expect([first, second, fourth]).toEqual(['missing', 1, 'missing']);
        expect(third).toBeNumber();
        expect(await closed.counting.read([unmade])).toEqual([undefined]);
        await closed.close();
      });

      test('a change that may not make its counter is left out where there is none, and counts where there is one', async () => {
        const own = subject.open({ keysMax: 1000 });
        const [made, hit, unmade] = [fresh(), fresh(), fresh()];
        await own.registry.create(made, { total: 0, madeAt: Date.now(), owner });
        await own.counting.commit(batch({ counter: hit, amount: 4 }));
        const barred = (name: string, amount = 1) => ({ counter: name, amount, make: false });
        const asked = { counter: unmade, amount: 1, once: once(freshKey()) };
        const changes = [
          { ...asked, make: false },
          barred(made),
          barred(hit, -2),
          barred('hits'),
          barred(unmade),
        ];
        const outcomes = await own.counting.commit(batch(...changes));
        expect(outcomes).toEqual(['missing', 1, 2, expect.any(Number), 'missing']);
        expect(await own.counting.read([unmade])).toEqual([undefined]);
        // The key was not used: the same request counts when it may make the counter, and again
        // gets the same number.
        expect(await own.counting.commit(batch(asked, { ...asked, make: false }))).toEqual([1, 1]);
        // Deleted, it is as if it had never been.
        await own.registry.delete([hit]);
        expect(await own.counting.commit(batch(barred(hit)))).toEqual(['missing']);
        await own.close();
      });

      test('there are no more than may be, made either way; those that are there count on', async () => {
        const count = await store.registry.size();
        const full = subject.open({ countersMax: count + 2 });
        const own = randomUUID();
        const [one, two, three] = [fresh(), fresh(), fresh()];
        const commit = (sequenceOf: number, ...names: string[]) =>
          full.counting.commit({
            writer: own,
            sequence: sequenceOf,
            changes: names.map((name) => ({ counter: name, amount: 1 })),
          });
        expect(await commit(1, one, two, three, counter)).toEqual([
          1,
          1,
          'counters-full',
          expect.any(Number),
        ]);
        expect(await full.registry.create(three, { total: 0, madeAt: Date.now(), owner })).toBe(
          'counters-full',
        );
        await full.registry.delete([one]);
        expect(await full.registry.create(three, { total: 0, madeAt: Date.now(), owner })).toBe(
          'created',
        );
        expect(await commit(2, one, two, three)).toEqual(['counters-full', 2, 1]);
        await full.close();
      });

      test('the default counter is there before its first hit: it can be set and have an owner', async () => {
        await store.registry.delete(['hits']);
        expect(await store.registry.change('hits', { owner: owner })).toMatchObject({
          owner: owner,
        });
        expect(await store.registry.change('hits', { total: 7 })).toMatchObject({ total: 7 });
        expect(await store.counting.commit(batch({ counter: 'hits', amount: 1 }))).toEqual([8]);
        expect(await store.registry.describe('hits')).toMatchObject({
          counter: 'hits',
          total: 8,
          owner,
        });
      });
    });

    describe('rules', () => {
      const owner = 'the hash of a token';
      // Noon, so that no test comes to midnight.
      const START = Date.UTC(2026, 10, 22, 12);
      const WINDOW_MS = 10 * 60 * 1000;

      /** A counter with rules of its own, on a store of which the test owns the time. */
      async function ruled(rules: Partial<Rules>, total = 0) {
        let now = START;
        let number = 0;
        const own = subject.open({ now: () => now, keysMax: 1000 });
        const [name, id] = [fresh(), randomUUID()];
        await own.registry.create(name, {
          total,
          madeAt: now,
          owner,
          rules: { ...RULES, ...rules },
        });
        const changes = (...some: Partial<Change>[]) =>
          some.map((change) => ({ counter: name, amount: 1, ...change }));
        return {
          store: own,
          name,
          at: (ms: number) => {
            now = START + ms;
          },
          commit: (...some: Partial<Change>[]) =>
            own.counting.commit({ writer: id, sequence: ++number, changes: changes(...some) }),
          again: (...some: Partial<Change>[]) =>
            own.counting.commit({ writer: id, sequence: number, changes: changes(...some) }),
          [Symbol.asyncDispose]: () => own.close(),
        };
      }
      const counted = (total: number, ...which: boolean[]) => ({
        total,
        private: false,
        counted: which,
      });
      const visits = (id: string, n: number, kind: Kind = 'person') => ({ id, kind, visits: n });

      test('a private counter is counted on, and its total is for its owner', async () => {
        await using own = await ruled({ private: true }, 41);
        const hidden = (total: number) => ({ total, private: true });
        expect(await own.commit({})).toEqual([hidden(42)]);
        expect(await own.again({})).toEqual([hidden(42)]);
        expect(await own.store.counting.read([own.name, own.name])).toEqual([
          undefined,
          undefined,
        ]);
        expect((await own.store.registry.describe(own.name))?.total).toBe(42);
        const key = { once: once(freshKey()) };
        expect(await own.commit(key, key, { amount: -2 })).toEqual([
          hidden(43),
          hidden(43),
          hidden(41),
        ]);
        await own.store.registry.change(own.name, { rules: RULES });
        expect(await own.commit({})).toEqual([42]);
        expect(await own.store.counting.read([own.name])).toEqual([42]);
      });

      test('with a window a visitor counts once, and again when it is over', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS });
        const visit = { visitors: callers('a') };
        expect(await own.commit(visit)).toEqual([counted(1, true)]);
        own.at(WINDOW_MS - 1);
        expect(await own.commit(visit)).toEqual([counted(1, false)]);
        expect(await own.commit({ visitors: callers('b') })).toEqual([counted(2, true)]);
        own.at(WINDOW_MS);
        expect(await own.commit(visit)).toEqual([counted(3, true)]);
        // From the visit that counted, not from the last one.
        own.at(2 * WINDOW_MS);
        expect(await own.commit(visit)).toEqual([counted(4, true)]);
      });

      test('with a window many visits of many visitors in one batch count as they would one by one', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS });
        await own.commit({ kinds: { person: 1 }, visitors: callers('a') });
        const many = {
          amount: 9,
          kinds: { person: 5, program: 1, bot: 3 },
          visitors: [visits('a', 2), visits('b', 3), visits('c', 1, 'program')],
        };
        // Bots are nobody in particular: each of their visits counts.
        expect(await own.commit(many)).toEqual([counted(6, false, true, true)]);
        expect(await own.again(many)).toEqual([counted(6, false, true, true)]);
        const { hours, visitors } = await own.store.history.read(own.name);
        const kinds = hours.map(({ kind, amount }) => [kind, amount]).toSorted(byText);
        expect(kinds).toEqual([
          ['bot', 3],
          ['person', 2],
          ['program', 1],
        ]);
        expect([...visitors.values()]).toEqual([3]);
      });

      test('what an owner adds is no visit, and counts whatever the window', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS });
        const added = { amount: 5, kinds: { program: 5 }, visitors: [visits('a', 0, 'program')] };
        expect(await own.commit(added)).toEqual([counted(5, false)]);
        expect(await own.commit({ visitors: [visits('a', 1, 'program')] })).toEqual([
          counted(6, true),
        ]);
        expect(await own.commit(added)).toEqual([counted(11, false)]);
        expect(await own.commit({ amount: 2, kinds: { bot: 2 } })).toEqual([counted(13)]);
      });

      test('a visit that was left out may count later, and one under a key counts once in any case', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS }, MAX);
        const visit = { visitors: callers('a') };
        expect(await own.commit(visit)).toEqual(['out-of-range']);
        await own.store.registry.change(own.name, { total: 0 });
        const keyed = { ...visit, once: once(freshKey()) };
        expect(await own.commit(keyed)).toEqual([counted(1, true)]);
        expect(await own.commit(keyed, visit, { ...visit, once: once(freshKey()) })).toEqual([
          1,
          counted(1, false),
          counted(1, false),
        ]);
        own.at(WINDOW_MS);
        expect(await own.commit(keyed, visit)).toEqual([1, counted(2, true)]);
      });

      test('a window is forgotten with its counter, and may be changed and taken away', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS });
        const visit = { visitors: callers('a') };
        await own.commit(visit);
        await own.store.registry.change(own.name, { rules: { ...RULES, windowMs: 1000 } });
        own.at(1000);
        expect(await own.commit(visit)).toEqual([counted(2, true)]);
        await own.store.registry.change(own.name, { rules: RULES });
        expect(await own.commit(visit)).toEqual([3]);
        await own.store.registry.delete([own.name]);
        await own.store.registry.create(own.name, {
          total: 0,
          madeAt: START,
          owner,
          rules: { ...RULES, windowMs: WINDOW_MS },
        });
        expect(await own.commit(visit)).toEqual([counted(1, true)]);
        expect([...(await own.store.history.read(own.name)).visitors.values()]).toEqual([1]);
      });

      test('a window is the same for all who count, and right again after a clock that was far ahead', async () => {
        await using own = await ruled({ windowMs: WINDOW_MS });
        const other = subject.open({ now: () => START + 1000 });
        const visit = { visitors: callers('a') };
        own.at(2 * WINDOW_MS);
        await own.commit(visit);
        const elsewhere = {
          writer: randomUUID(),
          sequence: 1,
          changes: [{ counter: own.name, amount: 1, ...visit }],
        };
        expect(await other.counting.commit(elsewhere)).toEqual([counted(2, true)]);
        own.at(2000);
        expect(await own.commit(visit)).toEqual([counted(2, false)]);
        await other.close();
      });
    });

    describe('what is remembered of visits', () => {
      // The first second of a day.
      const START = Date.UTC(2026, 10, 22);
      const DAY = Math.floor(START / DAY_MS);
      const HOUR = DAY * 24;

      /** A store of which the test owns the time, and a counter and a writer of its own. */
      function begin() {
        let now = START;
        let number = 0;
        const own = subject.open({ now: () => now, keysMax: 1000 });
        const id = randomUUID();
        const name = fresh();
        return {
          store: own,
          name,
          at: (ms: number) => {
            now = START + ms;
          },
          hit: (change: Partial<Change> = {}) =>
            own.counting.commit({
              writer: id,
              sequence: ++number,
              changes: [{ counter: name, amount: 1, ...change }],
            }),
          again: (change: Partial<Change> = {}) =>
            own.counting.commit({
              writer: id,
              sequence: number,
              changes: [{ counter: name, amount: 1, ...change }],
            }),
        };
      }

      const sorted = ({ hours, days }: CounterHistory) => ({
        hours: hours.map(({ at, kind, amount }) => [at, kind, amount]).toSorted(byText),
        days: days.map(({ at, kind, amount }) => [at, kind, amount]).toSorted(byText),
      });

      test('how much visits of each kind added, by the hour', async () => {
        const { store: own, name, at, hit } = begin();
        await hit({ amount: 6, kinds: { person: 3, bot: 2, proxy: 1 } });
        at(HOUR_MS - 1);
        await hit({ amount: 2, kinds: { person: 2 } });
        at(HOUR_MS);
        await hit();
        await hit({ amount: -4, kinds: { program: -4 } });
        expect(sorted(await own.history.read(name))).toEqual({
          hours: [
            [HOUR, 'bot', 2],
            [HOUR, 'person', 5],
            [HOUR, 'proxy', 1],
            [HOUR + 1, 'program', -3],
          ],
          days: [],
        });
        await own.close();
      });

      test('once, whatever is sent again or refused', async () => {
        const { store: own, name, hit, again } = begin();
        const visit = {
          kinds: { person: 1 },
          visitors: callers('somebody'),
          once: once(freshKey()),
        };
        await hit(visit);
        await again(visit);
        await hit(visit);
        await hit({ ...visit, once: { ...visit.once, request: 'another' } });
        await hit({ amount: MAX });
        const past = await own.history.read(name);
        expect(sorted(past).hours).toEqual([[HOUR, 'person', 1]]);
        expect(past.visitors).toEqual(new Map([[DAY, 1]]));
        await own.close();
      });

      test('how many visitors each day had, however often each came', async () => {
        const { store: own, name, at, hit } = begin();
        await hit({ visitors: callers('a', 'b') });
        await hit({ visitors: callers('b', 'c') });
        await hit();
        at(DAY_MS - 1);
        await hit({ visitors: callers('d') });
        expect((await own.history.read(name)).visitors).toEqual(new Map([[DAY, 4]]));
        at(DAY_MS);
        await hit({ visitors: callers('a') });
        const days = new Map([
          [DAY, 4],
          [DAY + 1, 1],
        ]);
        expect((await own.history.read(name)).visitors).toEqual(days);
        at(9 * DAY_MS);
        await hit({ visitors: callers('a', 'b') });
        expect((await own.history.read(name)).visitors).toEqual(days.set(DAY + 9, 2));
        await own.close();
      });

      test('the days right again after a clock that was far ahead', async () => {
        const { store: own, name, at, hit } = begin();
        at(30 * DAY_MS);
        await hit({ visitors: callers('a') });
        at(0);
        await hit({ visitors: callers('a', 'b') });
        at(DAY_MS);
        await hit({ visitors: callers('b') });
        expect((await own.history.read(name)).visitors).toEqual(
          new Map([
            [DAY + 30, 1],
            [DAY, 2],
            [DAY + 1, 1],
          ]),
        );
        await own.close();
      });

      test('many visitors, in one batch and in many, as exactly as it is said', async () => {
        const { store: own, name, hit } = begin();
        const some = (from: number, count: number) =>
          Array.from({ length: count }, (_, index) => `visitor-${from + index}`);
        for (const [from, count, sofar] of [
          [0, 1000, 1000],
          [0, 10_000, 10_000],
          ...Array.from(
            { length: 99 },
            (_, n) => [(n + 1) * 10_000, 10_000, (n + 2) * 10_000] as const,
          ),
        ] as const) {
          await hit({ amount: count, visitors: callers(...some(from, count)) });
          if (![1000, 10_000, 1_000_000].includes(sofar)) continue;
          const error = ((await own.history.read(name)).visitors.get(DAY) ?? 0) / sofar - 1;
          // Four standard errors: once in 16,000 where there is chance in it, and these visitors
          // are always the same.
          expect(Math.abs(error)).toBeLessThanOrEqual(4 * own.history.visitorsError);
        }
        await own.close();
      });

      test('hours that are old become days, and nothing is lost', async () => {
        const { store: own, name, at, hit } = begin();
        for (const day of [0, 1, 2]) {
          at(day * DAY_MS + 5 * HOUR_MS);
          await hit({ amount: 2, kinds: { person: 1, bot: 1 } });
          at(day * DAY_MS + 7 * HOUR_MS);
          await hit({ kinds: { person: 1 } });
        }
        at((HOURS_KEPT_DAYS + 1) * DAY_MS + 6 * HOUR_MS);
        await hit({ kinds: { person: 1 } });
        await hit({ kinds: { person: 1 } });
        const now = HOUR + (HOURS_KEPT_DAYS + 1) * 24 + 6;
        expect(sorted(await own.history.read(name))).toEqual({
          hours: [
            [HOUR + 24 + 7, 'person', 1],
            [HOUR + 48 + 5, 'bot', 1],
            [HOUR + 48 + 5, 'person', 1],
            [HOUR + 48 + 7, 'person', 1],
            [now, 'person', 2],
          ],
          days: [
            [DAY, 'bot', 1],
            [DAY, 'person', 2],
            [DAY + 1, 'bot', 1],
            [DAY + 1, 'person', 1],
          ],
        });
        await own.close();
      });

      test('figures that would go farther than a number carries stay there, and the counter counts on', async () => {
        const { store: own, name, at, hit } = begin();
        for (let n = 0; n < 1030; n++) {
          expect(await hit({ amount: MAX, kinds: { person: MAX } })).toEqual([MAX]);
          expect(await hit({ amount: -MAX, kinds: { bot: -MAX } })).toEqual([0]);
          if (n === 2) at(HOUR_MS);
        }
        expect(await hit({ kinds: { person: 1 } })).toEqual([1]);
        at((HOURS_KEPT_DAYS + 1) * DAY_MS);
        expect(await hit({ kinds: { program: 1 } })).toEqual([2]);
        expect(sorted(await own.history.read(name)).days).toEqual([
          [DAY, 'bot', -MAX],
          [DAY, 'person', MAX],
        ]);
        await own.close();
      });

      test('nothing of a counter that was deleted', async () => {
        const { store: own, name, hit } = begin();
        await hit({ visitors: callers('a') });
        await own.registry.delete([name]);
        expect(await own.history.read(name)).toEqual({ hours: [], days: [], visitors: new Map() });
        await own.close();
      });

      test('by a salt that is the same for all who ask on a day, and another on the next', async () => {
        const other = subject.open();
        const today = Math.floor(Date.now() / DAY_MS);
        const first = await store.history.salt(today, 'suggested first');
        expect(await other.history.salt(today, 'suggested later')).toBe(first);
        expect(await other.history.salt(today + 1, 'for tomorrow')).toBe('for tomorrow');
        expect(await store.history.salt(today, 'suggested last')).toBe(first);
        await other.close();
      });
    });

    describe('visitors’ quotas', () => {
      // Five at once, one of which comes back after so long: Redis forgets by its own clock, which
      // goes on while the test's stands.
      const BACK_MS = 120_000;
      const FIVE = { name: 'requests', quota: 5, windowMs: 5 * BACK_MS };

      /** A store of which the test owns the time, and a way to take some. */
      function begin() {
        // Not a past one: Redis forgets by its own clock.
        let now = Date.now();
        const own = subject.open({ now: () => now });
        const take = async (who: string, limit = FIVE) =>
          (await own.limiter.take([{ who, limit }]))[0];
        return {
          store: own,
          take,
          pass: (ms: number) => {
            now += ms;
          },
          /** How many are given of so many that are asked for. */
          many: async (who: string, count: number, limit = FIVE) => {
            const verdicts = await own.limiter.take(
              Array.from({ length: count }, () => ({ who, limit })),
            );
            return verdicts.filter(({ allowed }) => allowed).length;
          },
        };
      }
      const visitor = () => randomUUID();

      test('can be had at once, and not one more', async () => {
        const { store: own, take } = begin();
        const who = visitor();
        for (const remaining of [4, 3, 2, 1, 0]) {
          expect(await take(who)).toEqual({ allowed: true, remaining, nextMs: BACK_MS });
        }
        expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: BACK_MS });
        expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: BACK_MS });
        await own.close();
      });

      test('come back evenly, all of it within the window, and never more than all', async () => {
        const { store: own, take, pass, many } = begin();
        const who = visitor();
        expect(await many(who, 6)).toBe(5);
        pass(BACK_MS - 1);
        expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: 1 });
        pass(1);
        expect(await take(who)).toEqual({ allowed: true, remaining: 0, nextMs: BACK_MS });
        pass(FIVE.windowMs - 1);
        expect(await many(who, 6)).toBe(4);
        pass(FIVE.windowMs);
        expect(await many(who, 6)).toBe(5);
        pass(100 * FIVE.windowMs);
        expect(await many(who, 6)).toBe(5);
        await own.close();
      });

      test('of a day are half there again after half a day, and all of them within a day', async () => {
        const { store: own, many, pass } = begin();
        const who = visitor();
        const keys = { name: 'keys', quota: 5000, windowMs: DAY_MS };
        expect(await many(who, 5100, keys)).toBe(5000);
        pass(DAY_MS / 2);
        expect(await many(who, 5100, keys)).toBe(2500);
        pass(DAY_MS);
        expect(await many(who, 5100, keys)).toBe(5000);
        await own.close();
      });

      test('are each visitor’s own, and each limit’s', async () => {
        const { store: own, take, many } = begin();
        const [one, other] = [visitor(), visitor()];
        const another = { name: 'new-counters', quota: 2, windowMs: DAY_MS };
        expect(await many(one, 9)).toBe(5);
        expect(await take(other)).toMatchObject({ allowed: true, remaining: 4 });
        expect(await many(one, 9, another)).toBe(2);
        expect(await take(one, another)).toEqual({
          allowed: false,
          remaining: 0,
          nextMs: DAY_MS / 2,
        });
        expect(await take(other)).toMatchObject({ allowed: true, remaining: 3 });
        await own.close();
      });

      test('are shared by all who have the database', async () => {
        const [one, two] = [begin(), begin()];
        const who = visitor();
        expect(await one.many(who, 3)).toBe(3);
        expect(await two.take(who)).toMatchObject({ allowed: true, remaining: 1 });
        expect(await one.many(who, 3)).toBe(1);
        expect(await two.take(who)).toMatchObject({ allowed: false });
        await one.store.close();
        await two.store.close();
      });

      test('are taken for many in one call, in their order, twice for who stands there twice', async () => {
        const { store: own } = begin();
        const [one, other] = [visitor(), visitor()];
        const small = { ...FIVE, quota: 2 };
        const verdicts = await own.limiter.take(
          [one, other, one, one, other].map((who) => ({ who, limit: small })),
        );
        expect(verdicts.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
          [true, 1],
          [true, 1],
          [true, 0],
          [false, 0],
          [true, 0],
        ]);
        expect(await own.limiter.take([])).toEqual([]);
        await own.close();
      });

      test('are exact where the window cannot be divided by them', async () => {
        const { store: own, many, pass } = begin();
        for (const quota of [1, 7, 13, 600, 1_000]) {
          const who = visitor();
          const limit = { ...FIVE, quota, windowMs: 60_000 };
          expect(await many(who, quota + 3, limit)).toBe(quota);
          pass(60_000);
          expect(await many(who, quota + 3, limit)).toBe(quota);
        }
        await own.close();
      });

      test('are remembered of so many visitors at once and not of more; who is remembered stays limited', async () => {
        const { store: own, many } = begin();
        const [before, newcomer] = [visitor(), visitor()];
        expect(await many(before, 3)).toBe(3);
        // Those of other tests are remembered too.
        const full = subject.open({ limitedMax: 1 });
        const takeOf = async (who: string, count: number) =>
          (await full.limiter.take(Array.from({ length: count }, () => ({ who, limit: FIVE }))))
            .map(({ allowed }) => allowed)
            .filter(Boolean).length;
        expect(await takeOf(newcomer, 9)).toBe(9);
        expect(await takeOf(before, 9)).toBe(2);
        expect(await many(newcomer, 9)).toBe(5);
        await full.close();
        await own.close();
      });

      test('keep nobody waiting for longer than one where another’s clock was far ahead', async () => {
        const { store: own, many, pass, take } = begin();
        const who = visitor();
        pass(DAY_MS);
        expect(await many(who, 9)).toBe(5);
        pass(-DAY_MS);
        expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: BACK_MS });
        pass(BACK_MS);
        expect(await take(who)).toMatchObject({ allowed: true });
        await own.close();
      });
    });

    describe('replicas', () => {
      const beat = (name: string, more: Partial<HeartbeatReport> = {}): HeartbeatReport => ({
        id: randomUUID(),
        name,
        version: '1.2.3',
        startedAt: 1,
        hits: 0,
        state: 'ready',
        ...more,
      });

      test('hear of each other, and what each said last', async () => {
        const other = subject.open();
        const [one, two] = [beat('one'), beat('two', { hits: 7 })];
        await store.presence.heartbeat(one);
        const said = async (from: TestedStore, what: HeartbeatReport) =>
          (await from.presence.heartbeat(what))
            .filter(({ id }) => id === one.id || id === two.id)
            .map(({ silentMs, ...rest }) => ({
              ...rest,
              lately: silentMs >= 0 && silentMs < 60_000,
            }))
            .toSorted((a, b) => byText(a.name, b.name));
        expect(await said(other, two)).toEqual([
          { ...one, lately: true },
          { ...two, lately: true },
        ]);
        const draining: HeartbeatReport = { ...one, hits: 3, state: 'draining' };
        expect(await said(store, draining)).toEqual([
          { ...draining, lately: true },
          { ...two, lately: true },
        ]);
        await other.close();
      });
    });
    testArchive(() => subject);
    testBounds(() => subject);

    test('a closed store refuses', async () => {
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

    test('answers a ping, which counts nothing and may be asked at any time, and says where it keeps the counts', async () => {
      const before = await store.registry.size();
      const other = subject.open();
      await Promise.all([store.counting.ping(), store.counting.ping(), other.counting.ping()]);
      await store.counting.ping();
      await other.close();
      expect(await store.registry.size()).toBe(before);
      expect(store.place).not.toBe('');
    });
  });
}
