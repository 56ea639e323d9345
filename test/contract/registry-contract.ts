/**
 * The contract of the registry: creating, changing, deleting and listing counters, and their
 * maximum number. Every store runs it, on the real database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { DAY_MS } from '../../src/contract/history.ts';
import {
  type Condition,
  type Description,
  RULES,
  type RuleChanges,
  type Rules,
} from '../../src/contract/registry.ts';
import type { Subject, TestedStore } from './subject.ts';
import { fresh, freshKey, MAX, newWriter, once } from './tools.ts';

/** The most names that one page of a search looks at. */
const NAMES_LOOKED_AT = 10_000;

/** Runs this part of the contract. */
export function testRegistry(subject: () => Subject): void {
  describe('counters', () => {
    let store: TestedStore;
    beforeAll(() => {
      store = subject().open();
    });
    afterAll(() => store.close());

    const batch = newWriter();
    const owner = 'the hash of a token';

    test('one that is made has its start value and its owner, and counts on', async () => {
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

    test('one that is made with rules keeps its rules', async () => {
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

    test('an existing one is not made again, except by the same owner who got no answer', async () => {
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

    test('one that is made without an owner has none, keeps its rules, and is not made again', async () => {
      const own = fresh();
      const draft = { total: 3, madeAt: Date.now(), rules: { ...RULES, windowMs: DAY_MS } };
      expect(await store.registry.create(own, draft)).toBe('created');
      expect(await store.registry.describe(own)).toEqual({
        counter: own,
        owner: undefined,
        ...draft,
      });
      expect(await store.registry.create(own, { ...draft, total: 9 })).toBe('exists');
      expect(await store.registry.create(own, { ...draft, owner })).toBe('exists');
      expect(await store.registry.change(own, { total: 4 }, { unowned: true })).toMatchObject({
        total: 4,
        owner: undefined,
        rules: draft.rules,
      });
    });

    test('one that a first hit made has no owner, and reports when it was made', async () => {
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

    test('can be set and given to another owner, if it exists', async () => {
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
      expect(await store.counting.commit(batch({ counter: own, amount: 1 }))).toEqual([-MAX + 1]);
    });

    test('keeps what a change does not mention, and the answer shows it after the change', async () => {
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

    test('has a title and a link, which a change sets, keeps or removes', async () => {
      const own = fresh();
      const label = { title: 'Zeit für 🌍 – “it” ’s', link: 'https://my-site.example/%C3%A9?a=b' };
      await store.registry.create(own, { total: 5, madeAt: 1000, owner, ...label });
      expect(await store.registry.describe(own)).toMatchObject(label);
      await store.counting.commit(batch({ counter: own, amount: 1 }));
      const list = { search: own, after: '', limit: 1 };
      expect((await store.registry.list(list)).counters).toMatchObject([{ total: 6, ...label }]);
      const rest = { counter: own, total: 6, madeAt: 1000, owner, rules: RULES };
      for (const [change, expected] of [
        [{ owner }, label],
        [{ title: undefined, link: undefined }, label],
        [{ title: 'another' }, { ...label, title: 'another' }],
        [{ link: null }, { title: 'another' }],
        [{ link: 'http://a/', title: null }, { link: 'http://a/' }],
        [{ link: 'http://b/' }, { link: 'http://b/' }],
        [{ link: null, title: null }, {}],
        [{ title: null }, {}],
        [{ title: 'x'.repeat(100), link: `http://a/${'x'.repeat(491)}` }, 'itself'],
      ] as const) {
        const after = { ...rest, ...(expected === 'itself' ? change : expected) };
        expect(await store.registry.change(own, change)).toEqual(after as Description);
        expect(await store.registry.describe(own)).toEqual(after as Description);
      }
      // None of it is left for a later counter of the same name.
      await store.registry.delete([own]);
      await store.counting.commit(batch({ counter: own, amount: 1 }));
      const later = await store.registry.describe(own);
      expect([later?.title, later?.link]).toEqual([undefined, undefined]);
    });

    test('a title is changed only on the condition, and one of the default counter too', async () => {
      const own = fresh();
      await store.registry.create(own, { total: 5, madeAt: 1000, owner, title: 'first' });
      const change = { title: 'second', total: 7 };
      expect(await store.registry.change(own, change, { owner: 'another' })).toBe('differs');
      expect(await store.registry.describe(own)).toMatchObject({ title: 'first', total: 5 });
      expect(await store.registry.change(fresh(), change)).toBe('missing');
      await store.registry.delete(['hits']);
      expect(await store.registry.change('hits', { title: 'of all' })).toMatchObject({
        total: 0,
        title: 'of all',
      });
      expect(await store.registry.change('hits', { title: null })).toMatchObject({ total: 0 });
      expect((await store.registry.describe('hits'))?.title).toBeUndefined();
    });

    test('a change of the owner can be repeated after a lost reply, and only by that owner', async () => {
      const own = fresh();
      await store.registry.create(own, { total: 5, madeAt: 1000, owner });
      const change = { owner: 'the hash of a new token' };
      for (const attempt of ['first', 'again']) {
        const changed = await store.registry.change(own, change, { owner });
        expect({ attempt, changed }).toMatchObject({ attempt, changed: change });
      }
      expect(await store.registry.change(own, { owner: 'of another' }, { owner })).toBe('differs');
      expect(await store.registry.change(own, { total: 6 }, { owner })).toBe('differs');
      expect(await store.registry.describe(own)).toMatchObject({ total: 5, ...change });
      const unowned = fresh();
      await store.counting.commit(batch({ counter: unowned, amount: 1 }));
      expect(await store.registry.change(unowned, { total: 6 }, { owner })).toBe('differs');
    });

    test('simultaneous changes from several replicas all hold', async () => {
      const own = fresh();
      const stores = [subject().open(), subject().open(), subject().open()];
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

    test('is changed or deleted only if it meets the condition', async () => {
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

    test('one that is hit while it is deleted is either complete or gone', async () => {
      const other = subject().open();
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

    test('is deleted with all its data; deleting it again does no harm', async () => {
      const own = fresh();
      await store.registry.create(own, { total: 7, madeAt: Date.now(), owner });
      await store.registry.delete([own]);
      await store.registry.delete([own]);
      expect(await store.registry.describe(own)).toBeUndefined();
      expect((await store.registry.list({ search: own, after: '', limit: 10 })).counters).toEqual(
        [],
      );
      expect(await store.counting.commit(batch({ counter: own, amount: 1 }))).toEqual([1]);
      expect((await store.registry.describe(own))?.owner).toBeUndefined();
    });

    test('are listed by name, page by page, and can be searched', async () => {
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
        expect((await store.registry.list({ search, after: '', limit: 9 })).counters).toEqual([]);
      }
    });

    test('are found by a search through more names than one page looks at', async () => {
      const space = randomUUID();
      const name = (index: number) => `${space}/${String(index).padStart(6, '0')}`;
      const thousands = Array.from({ length: NAMES_LOOKED_AT / 1000 }, (_, thousand) =>
        Array.from({ length: 1000 }, (__, index) => name(1000 * thousand + index)),
      );
      for (const names of thousands)
        await store.counting.commit(batch(...names.map((counter) => ({ counter, amount: 1 }))));
      await store.counting.commit(batch({ counter: `${space}/last-one`, amount: 7 }));
      const query = { prefix: `${space}/`, search: 'last-one', limit: 5 };
      const first = await store.registry.list({ ...query, after: '' });
      expect(first).toEqual({ counters: [], next: name(NAMES_LOOKED_AT - 1) });
      const second = await store.registry.list({ ...query, after: first.next ?? '' });
      expect(second.counters).toMatchObject([{ counter: `${space}/last-one`, total: 7 }]);
      expect(second.next).toBeUndefined();
      // The other tests of this database need not read them.
      for (const names of thousands) await store.registry.delete(names);
    });

    test('are listed whatever text is searched for, also one that no name can have', async () => {
      const space = randomUUID();
      const [first, second] = [`${space}/a`, `${space}/b`];
      await store.counting.commit(
        batch({ counter: first, amount: 1 }, { counter: second, amount: 1 }),
      );
      const list = async (query: object) => {
        const page = await store.registry.list({ search: space, after: '', limit: 9, ...query });
        return page.counters.map(({ counter }) => counter);
      };
      for (const odd of [
        '\0',
        `${space}\0`,
        '\uD800',
        '\uDC00x',
        '\u{FFFD}',
        '\u{1F600}',
        '\u0001',
      ]) {
        expect(await list({ search: odd })).toEqual([]);
        expect(await list({ prefix: `${space}/${odd}` })).toEqual([]);
      }
      expect(await list({ after: `${first}\0zzz` })).toEqual([second]);
      expect(await list({ after: `${space}\0` })).toEqual([first, second]);
      for (const after of [`${first}\uD800`, `${first}\u{1F600}`]) {
        expect(await list({ after })).toEqual([second]);
      }
    });

    test('where hits must not make counters, they count only on existing ones and the default counter', async () => {
      const closed = subject().open({ hitsMake: false });
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

    test('a change that must not make its counter is skipped if there is none, and counts otherwise', async () => {
      const own = subject().open({ keysMax: 1000 });
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

    test('there are no more than the limit allows, made either way; existing ones count on', async () => {
      const there = fresh();
      await store.counting.commit(batch({ counter: there, amount: 1 }));
      const count = await store.registry.size();
      const full = subject().open({ countersMax: count + 2 });
      const own = randomUUID();
      const [one, two, three] = [fresh(), fresh(), fresh()];
      const commit = (sequenceOf: number, ...names: string[]) =>
        full.counting.commit({
          writer: own,
          sequence: sequenceOf,
          changes: names.map((name) => ({ counter: name, amount: 1 })),
        });
      expect(await commit(1, one, two, three, there)).toEqual([
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

    test('the default counter exists before its first hit: it can be set and have an owner', async () => {
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
}
