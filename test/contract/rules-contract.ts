/**
 * The contract of counting on counters with rules: private ones, and those with a window. Every
 * store runs it, on the real database.
 */
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../src/contract/counting.ts';
import type { Kind } from '../../src/contract/history.ts';
import { RULES, type Rules } from '../../src/contract/registry.ts';
import { callers } from '../support/callers.ts';
import type { Subject } from './subject.ts';
import { byText, fresh, freshKey, MAX, once } from './tools.ts';

/** Runs this part of the contract. */
export function testRules(subject: () => Subject): void {
  describe('rules', () => {
    const owner = 'the hash of a token';
    // Noon, so that no test comes to midnight.
    const START = Date.UTC(2026, 10, 22, 12);
    const WINDOW_MS = 10 * 60 * 1000;

    /** A counter with rules of its own, on a store of which the test owns the time. */
    async function ruled(rules: Partial<Rules>, total = 0) {
      let now = START;
      let number = 0;
      const own = subject().open({ now: () => now, keysMax: 1000 });
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

    test('a private counter counts, and only its owner sees the total', async () => {
      await using own = await ruled({ private: true }, 41);
      const hidden = (total: number) => ({ total, private: true });
      expect(await own.commit({})).toEqual([hidden(42)]);
      expect(await own.again({})).toEqual([hidden(42)]);
      expect(await own.store.counting.read([own.name, own.name])).toEqual([undefined, undefined]);
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

    test('with a window a visitor counts once, and again when the window is over', async () => {
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

    test('with a window many visits in one batch count as they would one by one', async () => {
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

    test('an amount that an owner adds is no visit, and counts within a window too', async () => {
      await using own = await ruled({ windowMs: WINDOW_MS });
      const added = { amount: 5, kinds: { program: 5 }, visitors: [visits('a', 0, 'program')] };
      expect(await own.commit(added)).toEqual([counted(5, false)]);
      expect(await own.commit({ visitors: [visits('a', 1, 'program')] })).toEqual([
        counted(6, true),
      ]);
      expect(await own.commit(added)).toEqual([counted(11, false)]);
      expect(await own.commit({ amount: 2, kinds: { bot: 2 } })).toEqual([counted(13)]);
    });

    test('a visit that a window left out can count later, and a repeated one counts once in any case', async () => {
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

    test('a window is deleted with its counter, and can be changed and removed', async () => {
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

    test('a window applies across replicas, and is correct again after a clock that was far ahead', async () => {
      await using own = await ruled({ windowMs: WINDOW_MS });
      const other = subject().open({ now: () => START + 1000 });
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
}
