/** The contract of exports and imports. Every store runs it, on the real database. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { exported } from '../../src/archive/gather.ts';
import type { Archive, ArchivedCounter, ImportTerms } from '../../src/contract/archive.ts';
import type { Change } from '../../src/contract/counting.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS } from '../../src/contract/history.ts';
import { RULES } from '../../src/contract/registry.ts';
import { callers } from '../support/callers.ts';
import type { Subject, TestedStore } from './subject.ts';

const MAX = Number.MAX_SAFE_INTEGER;
// Noon: hours before and after it are of the same day.
const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = Math.floor(NOW / DAY_MS);
const HOUR = Math.floor(NOW / HOUR_MS);
const NO_PAST = { hours: [], days: [], visitors: new Map<number, number>() };

/** All counters of a store by name, in the order in which they came. */
export async function allOf(archive: Archive, onCounter: () => unknown = () => undefined) {
  const counters = new Map<string, ArchivedCounter>();
  let count = 0;
  for await (const archived of archive.readAll()) {
    await onCounter();
    // Whoever else wants to do something in the middle of it may.
    if (++count % 50 === 0) await Bun.sleep(0);
    counters.set(archived.counter, archived);
  }
  expect(counters.size).toBe(count);
  return counters;
}

/** A counter as figures in an order, for comparing. */
export function plain(archived: ArchivedCounter | undefined) {
  if (!archived) return undefined;
  const { past, ...rest } = archived;
  const figures = (all: ArchivedCounter['past']['hours']) =>
    all.map(({ at, kind, amount }) => `${at} ${kind} ${amount}`).toSorted();
  const visitors = [...past.visitors].toSorted(([a], [b]) => a - b);
  return { ...rest, hours: figures(past.hours), days: figures(past.days), visitors };
}

/** Runs this part of the contract. */
export function testArchive(subject: () => Subject): void {
  describe('exports and imports of counters', () => {
    let store: TestedStore;
    let now = NOW;
    const open = (options: Parameters<Subject['open']>[0] = {}) =>
      subject().open({ now: () => now, keysMax: 1000, ...options });
    beforeAll(() => {
      store = open();
    });
    afterAll(() => store.close());

    const space = randomUUID();
    const fresh = () => `${space}/${randomUUID()}`;
    const counter = (more: Partial<ArchivedCounter> = {}): ArchivedCounter => ({
      counter: fresh(),
      total: 5,
      madeAt: NOW - DAY_MS,
      owner: 'the hash of a token',
      title: 'My “site”',
      link: 'https://my-site.example/',
      rules: { lowest: -3, highest: 7, settable: true, private: true, windowMs: 60_000 },
      past: {
        hours: [
          { at: HOUR, kind: 'person', amount: 3 },
          { at: HOUR - 1, kind: 'bot', amount: 1 },
        ],
        days: [{ at: DAY - 100, kind: 'proxy', amount: 1 }],
        visitors: new Map([
          [DAY, 2],
          [DAY - 100, 1],
        ]),
      },
      ...more,
    });
    const terms = (more: Partial<ImportTerms> = {}): ImportTerms => ({
      source: randomUUID().slice(0, 22),
      existing: 'keep',
      ...more,
    });
    const hitting = (own = store) => {
      const writer = randomUUID();
      let sequence = 0;
      return (...changes: Change[]) =>
        own.counting.commit({ writer, sequence: ++sequence, changes });
    };
    const look = async (name: string) => plain((await allOf(store.archive)).get(name));

    test('an export begins after any name, and has the same counters as a whole one', async () => {
      const own = open();
      try {
        await hitting(own)(
          { counter: 'hits', amount: 1 },
          ...Array.from({ length: 5 }, () => ({ counter: `other-${fresh()}`, amount: 1 })),
          { counter: `zzz-${space}/last`, amount: 1 },
        );
        const all = [...(await allOf(own.archive)).values()];
        const names = all.map(({ counter: name }) => name);
        for (const after of ['', 'aaa', 'hit', 'hits', 'hits/', names[0]!, names.at(-1)!]) {
          const rest = await Array.fromAsync(own.archive.readAll(after));
          const wanted = all.filter(({ counter: name }) => name > after);
          expect({ after, rest: rest.map(plain) }).toEqual({ after, rest: wanted.map(plain) });
        }
      } finally {
        await own.close();
      }
    });

    test('an export contains all data of each counter, in the order of the names', async () => {
      const [hit, made, gone] = [`${space}/B`, `${space}/a`, `${space}/gone`];
      const rules = { ...RULES, lowest: -MAX, private: true, windowMs: DAY_MS };
      const label = { title: 'A', link: 'http://a.example/' };
      const draft = { total: -MAX, madeAt: NOW, owner: 'somebody', rules, ...label };
      await store.registry.create(made, draft);
      await store.registry.create(gone, { total: 1, madeAt: NOW, owner: 'somebody' });
      const commit = hitting();
      await commit({
        counter: hit,
        amount: 3,
        kinds: { person: 2, bot: 1 },
        visitors: callers('a', 'b'),
      });
      await commit({ counter: 'hits', amount: 1 });
      await store.registry.delete([gone]);
      const counters = await allOf(store.archive);
      const names = [...counters.keys()].filter((name) => name.startsWith(space));
      expect(names).toEqual([hit, made]);
      expect(counters.has('hits')).toBe(true);
      expect([...counters.keys()]).toEqual([...counters.keys()].toSorted());
      expect(counters.get(made)).toEqual({
        counter: made,
        total: -MAX,
        madeAt: NOW,
        owner: 'somebody',
        rules,
        ...label,
        past: NO_PAST,
      });
      expect(plain(counters.get(hit))).toMatchObject({
        total: 3,
        owner: undefined,
        rules: RULES,
        hours: [`${HOUR} bot 1`, `${HOUR} person 2`],
        days: [],
        visitors: [[DAY, 2]],
      });
      await store.registry.delete([made]);
      await store.registry.delete([hit]);
    });

    test('an imported counter equals the exported one, and counts on', async () => {
      const brought = counter();
      expect(await store.archive.importAll([brought], terms())).toEqual(['made']);
      expect(await look(brought.counter)).toEqual(plain(brought));
      expect(await store.registry.describe(brought.counter)).toMatchObject({
        total: 5,
        owner: brought.owner!,
        title: 'My “site”',
        link: 'https://my-site.example/',
      });
      await hitting()({ counter: brought.counter, amount: 2, visitors: callers('a') });
      const { hours, visitors } = await store.history.read(brought.counter);
      expect(hours).toContainEqual({ at: HOUR, kind: 'program', amount: 2 });
      expect(visitors.get(DAY)).toBe(3);
      expect((await store.registry.describe(brought.counter))?.total).toBe(7);
    });

    test('every valid total can be imported, with unknown owner or time of creation too', async () => {
      for (const total of [MAX, -MAX, 0, -1]) {
        const brought = counter({
          total,
          madeAt: undefined,
          owner: undefined,
          title: undefined,
          link: undefined,
          rules: RULES,
          past: NO_PAST,
        });
        expect(await store.archive.importAll([brought], terms())).toEqual(['made']);
        expect(await look(brought.counter)).toEqual(plain(brought));
      }
      const zero = counter({ total: 0, madeAt: undefined });
      await store.archive.importAll([zero], terms());
      await hitting()({ counter: zero.counter, amount: 1 });
      expect(await store.registry.describe(zero.counter)).toMatchObject({
        total: 1,
        madeAt: undefined,
      });
    });

    test('the same source imports a counter once, whatever happened to it since', async () => {
      const brought = counter();
      for (const existing of ['keep', 'add', 'replace'] as const) {
        const own = terms({ existing, source: `source-${space.slice(0, 8)}` });
        expect(await store.archive.previewImport([brought], own)).toEqual([
          existing === 'keep' ? 'made' : 'done',
        ]);
        expect(await store.archive.importAll([brought], own)).toEqual([
          existing === 'keep' ? 'made' : 'done',
        ]);
        expect(await store.archive.importAll([brought], own)).toEqual(['done']);
        await hitting()({ counter: brought.counter, amount: 1 });
      }
      expect((await store.registry.describe(brought.counter))?.total).toBe(8);
    });

    test('an existing counter is kept, added to, or replaced', async () => {
      const [kept, added, replaced] = [counter(), counter(), counter()];
      const own = { total: 10, madeAt: NOW - 5, owner: 'its own owner' };
      for (const { counter: name } of [kept, added, replaced]) {
        await store.registry.create(name, own);
        await hitting()({
          counter: name,
          amount: 1,
          kinds: { person: 1 },
          visitors: callers('somebody'),
        });
      }
      expect(await store.archive.importAll([kept], terms({ existing: 'keep' }))).toEqual(['kept']);
      expect(await store.archive.importAll([added], terms({ existing: 'add' }))).toEqual([
        'added',
      ]);
      expect(await store.archive.importAll([replaced], terms({ existing: 'replace' }))).toEqual([
        'replaced',
      ]);
      expect(await look(kept.counter)).toMatchObject({ total: 11, hours: [`${HOUR} person 1`] });
      expect(await look(added.counter)).toEqual({
        ...plain(added)!,
        total: 16,
        madeAt: own.madeAt,
        owner: own.owner,
        rules: RULES,
        title: undefined,
        link: undefined,
        hours: [`${HOUR} person 4`, `${HOUR - 1} bot 1`].toSorted(),
        visitors: [
          [DAY - 100, 1],
          [DAY, 3],
        ],
      });
      expect(await look(replaced.counter)).toEqual(plain(replaced));
    });

    test('a kept counter can be imported from the same source later; a replaced one again', async () => {
      const [kept, replaced] = [counter(), counter()];
      await store.registry.create(kept.counter, { total: 1, madeAt: NOW, owner: 'x' });
      const first = terms();
      expect(await store.archive.importAll([kept, replaced], first)).toEqual(['kept', 'made']);
      expect(await store.archive.importAll([kept], { ...first, existing: 'add' })).toEqual([
        'added',
      ]);
      expect(await store.archive.importAll([replaced], terms({ existing: 'replace' }))).toEqual([
        'replaced',
      ]);
      expect(await store.archive.importAll([replaced], { ...first, existing: 'add' })).toEqual([
        'added',
      ]);
    });

    test('a deleted counter can be imported again', async () => {
      const brought = counter();
      const own = terms();
      await store.archive.importAll([brought], own);
      await store.registry.delete([brought.counter]);
      expect(await store.archive.importAll([brought], own)).toEqual(['made']);
      expect(await look(brought.counter)).toEqual(plain(brought));
    });

    test('a counter that cannot be added is reported and not changed', async () => {
      const [total, hour] = [counter({ total: MAX }), counter({ total: 0 })];
      await store.archive.importAll([total, hour], terms());
      const huge = {
        ...hour.past,
        hours: [{ at: HOUR, kind: 'person', amount: MAX - 2 } as const],
      };
      const add = terms({ existing: 'add' });
      const more = [
        { ...total, total: 1 },
        { ...hour, past: huge },
      ];
      expect(await store.archive.previewImport(more, add)).toEqual([
        'out-of-range',
        'out-of-range',
      ]);
      expect(await store.archive.importAll(more, add)).toEqual(['out-of-range', 'out-of-range']);
      expect(await look(total.counter)).toEqual(plain(total));
      expect(await look(hour.counter)).toEqual(plain(hour));
      const fits = { ...huge, hours: [{ at: HOUR, kind: 'person', amount: MAX - 3 } as const] };
      const allowed = [
        { ...total, total: 0, past: NO_PAST },
        { ...hour, past: fits },
      ];
      expect(await store.archive.importAll(allowed, add)).toEqual(['added', 'added']);
    });

    test('visitors that cannot be added to a day are reported, and never block an export', async () => {
      const withVisitors = (name: string, ...days: [day: number, count: number][]) =>
        counter({
          counter: name,
          total: 0,
          owner: undefined,
          past: { ...NO_PAST, visitors: new Map(days) },
        });
      const add = () => terms({ existing: 'add' });
      const [full, visited] = [fresh(), fresh()];
      const begun = withVisitors(full, [DAY, MAX], [DAY - 1, MAX]);
      expect(await store.archive.importAll([begun], terms())).toEqual(['made']);
      const commit = hitting();
      const visit = (name: string) => commit({ counter: name, amount: 1, visitors: callers('a') });
      await visit(visited);
      const more = [
        withVisitors(full, [DAY - 2, 1], [DAY - 1, 1]),
        withVisitors(visited, [DAY, MAX]),
      ];
      const refused = ['out-of-range', 'out-of-range'] as const;
      expect(await store.archive.previewImport(more, add())).toEqual([...refused]);
      expect(await store.archive.importAll(more, add())).toEqual([...refused]);
      expect(await look(full)).toEqual(plain(begun));
      const fits = [
        withVisitors(full, [DAY - 2, 1], [DAY - 1, 0]),
        withVisitors(visited, [DAY, MAX - 1]),
      ];
      expect(await store.archive.importAll(fits, add())).toEqual(['added', 'added']);
      // Visits count on, and the next day puts both numbers of the day together.
      for (const at of [NOW, NOW + DAY_MS]) {
        now = at;
        for (const name of [full, visited]) {
          await visit(name);
          const archived = (await allOf(store.archive)).get(name);
          expect(archived?.past.visitors.get(DAY)).toBe(MAX);
          expect(archived && exported(archived, now)).toMatchObject({ counter: name });
        }
      }
      now = NOW;
    });

    test('an import makes no more counters than the limit allows, and still updates existing ones', async () => {
      const there = counter();
      await store.archive.importAll([there], terms());
      const full = open({ countersMax: (await store.registry.size()) + 1 });
      const [one, two] = [counter(), counter()];
      const add = terms({ existing: 'add' });
      expect(await full.archive.importAll([one, two, there], add)).toEqual([
        'made',
        'counters-full',
        'added',
      ]);
      expect(await full.archive.previewImport([two], add)).toEqual(['counters-full']);
      expect(await store.registry.describe(two.counter)).toBeUndefined();
      await full.close();
    });

    test('the default counter is imported like any other', async () => {
      await store.registry.delete(['hits']);
      const brought = counter({ counter: 'hits', rules: RULES });
      const full = open({ countersMax: 0 });
      expect(await full.archive.importAll([brought], terms())).toEqual(['made']);
      await full.close();
      expect(await look('hits')).toEqual(plain(brought));
      expect(await hitting()({ counter: 'hits', amount: 1 })).toEqual([6]);
      expect(await store.archive.importAll([brought], terms({ existing: 'add' }))).toEqual([
        'added',
      ]);
      expect((await store.registry.describe('hits'))?.total).toBe(11);
    });

    test('a preview changes nothing', async () => {
      const [there, missing] = [counter(), counter()];
      await store.archive.importAll([there], terms());
      const size = await store.registry.size();
      for (const existing of ['keep', 'add', 'replace'] as const) {
        const [first, second] = await store.archive.previewImport(
          [there, missing],
          terms({ existing }),
        );
        expect([first, second]).toEqual([
          { keep: 'kept', add: 'added', replace: 'replaced' }[existing] as 'kept',
          'made',
        ]);
      }
      expect(await look(there.counter)).toEqual(plain(there));
      expect(await store.registry.describe(missing.counter)).toBeUndefined();
      expect(await store.registry.size()).toBe(size);
    });

    test('hours beyond their retention time are imported as days', async () => {
      const first = HOUR - HOURS_KEPT_DAYS * 24;
      const hours = [first - 1, first, HOUR].map((at) => ({
        at,
        kind: 'person' as const,
        amount: 1,
      }));
      const days = [{ at: Math.floor((first - 1) / 24), kind: 'person' as const, amount: 2 }];
      const brought = counter({ past: { ...NO_PAST, hours, days } });
      await store.archive.importAll([brought], terms());
      expect(await look(brought.counter)).toMatchObject({
        hours: [`${first} person 1`, `${HOUR} person 1`],
        days: [`${days[0]?.at} person 3`],
      });
    });

    test('imported and new visitors of a day are added, also after midnight', async () => {
      const brought = counter({ past: { ...NO_PAST, visitors: new Map([[DAY, 10]]) } });
      const commit = hitting();
      await commit({ counter: brought.counter, amount: 1, visitors: callers('a', 'b') });
      await store.archive.importAll([brought], terms({ existing: 'add' }));
      await commit({ counter: brought.counter, amount: 1, visitors: callers('b', 'c') });
      expect((await store.history.read(brought.counter)).visitors).toEqual(new Map([[DAY, 13]]));
      now += DAY_MS;
      await commit({ counter: brought.counter, amount: 1, visitors: callers('a') });
      const days = new Map([
        [DAY, 13],
        [DAY + 1, 1],
      ]);
      expect((await store.history.read(brought.counter)).visitors).toEqual(days);
      expect((await allOf(store.archive)).get(brought.counter)?.past.visitors).toEqual(days);
      now -= DAY_MS;
    });

    test('a change during an export is in it as a whole, or not at all', async () => {
      const own = open();
      const names = ['hit', 'set', 'given', 'ruled', 'gone', 'brought', 'made'].map(
        (key) => `${space}/-${key}`,
      );
      const [hit = '', set = '', given = '', ruled = '', gone = '', brought = '', made = ''] =
        names;
      for (const name of names.slice(0, 5))
        await own.registry.create(name, { total: 1, madeAt: NOW, owner: 'x' });
      const stateOf = (counters: ReadonlyMap<string, ArchivedCounter>) =>
        names.map((name) => plain(counters.get(name)));
      const before = stateOf(await allOf(own.archive));
      let acted = false;
      const during = await allOf(store.archive, async () => {
        if (acted) return;
        acted = true;
        await hitting(own)({ counter: hit, amount: 1, kinds: { bot: 1 }, visitors: callers('a') });
        await own.registry.change(set, { total: 7 });
        await own.registry.change(given, { owner: 'another' });
        await own.registry.change(ruled, { rules: { ...RULES, private: true } });
        await own.registry.delete([gone]);
        await own.archive.importAll([counter({ counter: brought })], terms());
        await own.registry.create(made, { total: 3, madeAt: NOW, owner: 'x' });
      });
      const after = stateOf(await allOf(own.archive));
      expect(before).not.toEqual(after);
      const found = stateOf(during);
      found.forEach((state, index) => expect([before[index], after[index]]).toContainEqual(state));
      if (subject().readsOneMoment) expect([before, after]).toContainEqual(found);
      for (const name of names) await own.registry.delete([name]);
      await own.close();
    });

    test('an export is consistent for each counter, and on SQLite for all, while counters are hit, made, set and deleted', async () => {
      const PAIRS = 400;
      const own = open();
      const pairs = Array.from(
        { length: PAIRS },
        (_, index) => `${randomUUID().slice(0, 4)}-${index}`,
      );
      const [first, second] = [
        pairs.map((pair) => `${space}/${pair}.a`),
        // The second of a pair is far from the first, so that they are not read together.
        pairs.map((pair) => `${space}/z${pair.split('').toReversed().join('')}.b`),
      ];
      const commit = hitting(own);
      const hitAll = async (names: readonly string[]) => {
        await commit(...names.map((name) => ({ counter: name, amount: 1, kinds: { person: 1 } })));
        // A store that is not far away leaves nobody else a turn.
        await new Promise((resolve) => setImmediate(resolve));
      };
      await own.registry.create(`${space}/turn.a`, { total: 1, madeAt: NOW, owner: 'x' });
      const writer = { done: false, batches: 0 };
      const writing = (async () => {
        while (!writer.done) {
          const some = pairs.flatMap((_, index) =>
            (index * 7 + writer.batches) % 5 === 0 ? [index] : [],
          );
          await hitAll(some.map((index) => first[index] ?? ''));
          await hitAll(some.map((index) => second[index] ?? ''));
          // Two that are there in turns.
          await own.registry.create(`${space}/turn.b`, { total: 1, madeAt: NOW, owner: 'x' });
          await own.registry.delete([`${space}/turn.a`]);
          await own.registry.create(`${space}/turn.a`, { total: 1, madeAt: NOW, owner: 'x' });
          await own.registry.delete([`${space}/turn.b`]);
          writer.batches += 2;
        }
      })();
      try {
        let before = -1;
        // So long that something has happened meanwhile.
        for (let round = 0; round < 6 || writer.batches < 50; round++) {
          const counters = await allOf(store.archive);
          const total = (name = '') => counters.get(name)?.total ?? 0;
          const odd = pairs.flatMap((_, index) => {
            const ahead = total(first[index]) - total(second[index]);
            return ahead === 0 || ahead === 1 ? [] : [`${first[index]} is ahead by ${ahead}`];
          });
          const untrue = [...first, ...second].filter((name) => {
            const sum =
              counters.get(name)?.past.hours.reduce((all, { amount }) => all + amount, 0) ?? 0;
            return sum !== total(name);
          });
          const all = [...first, ...second].reduce((sum, name) => sum + total(name), 0);
          // Between making the one and deleting the other both are there; one of them always is.
          const turns = counters.has(`${space}/turn.a`) || counters.has(`${space}/turn.b`);
          expect({ round, untrue }).toEqual({ round, untrue: [] });
          if (subject().readsOneMoment)
            expect({ round, odd, turns }).toEqual({ round, odd: [], turns: true });
          expect(all).toBeGreaterThanOrEqual(before);
          before = all;
        }
      } finally {
        writer.done = true;
        await writing;
        for (const name of [...first, ...second, `${space}/turn.a`])
          await own.registry.delete([name]);
        await own.close();
      }
    });
  });
}
