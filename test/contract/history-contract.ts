/**
 * The contract of the history: visits by hour, by day and by visitor. Every store runs it, on the
 * real database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../src/contract/counting.ts';
import {
  type CounterHistory,
  DAY_MS,
  HOUR_MS,
  HOURS_KEPT_DAYS,
} from '../../src/contract/history.ts';
import { RULES } from '../../src/contract/registry.ts';
import { callers } from '../support/callers.ts';
import type { Subject, TestedStore } from './subject.ts';
import { byText, fresh, freshKey, MAX, once } from './tools.ts';

/** Runs this part of the contract. */
export function testHistory(subject: () => Subject): void {
  describe('the history of visits', () => {
    let store: TestedStore;
    beforeAll(() => {
      store = subject().open();
    });
    afterAll(() => store.close());

    // The first second of a day.
    const START = Date.UTC(2026, 10, 22);
    const DAY = Math.floor(START / DAY_MS);
    const HOUR = DAY * 24;

    /** A store of which the test owns the time, and a counter and a writer of its own. */
    function begin() {
      let now = START;
      let number = 0;
      const own = subject().open({ now: () => now, keysMax: 1000 });
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

    test('records visits by kind and hour', async () => {
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

    test('records each visit once, whatever is repeated or refused', async () => {
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

    test('records the number of visitors of each day, however often each visits', async () => {
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

    test('is correct again after a clock that was far ahead', async () => {
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

    test('counts many visitors, in one batch or in many, within the stated error', async () => {
      const { store: own, name, hit } = begin();
      const some = (from: number, count: number) =>
        Array.from({ length: count }, (_, index) => `visitor-${from + index}`);
      for (const [from, count, sofar] of [
        [0, 1000, 1000],
        [0, 10_000, 10_000],
        ...Array.from(
          { length: 9 },
          (_, n) => [(n + 1) * 10_000, 10_000, (n + 2) * 10_000] as const,
        ),
      ] as const) {
        await hit({ amount: count, visitors: callers(...some(from, count)) });
        // A million: test/program/visitors.test.ts.
        if (![1000, 10_000, 100_000].includes(sofar)) continue;
        const error = ((await own.history.read(name)).visitors.get(DAY) ?? 0) / sofar - 1;
        // Four standard errors: once in 16,000 where there is chance in it, and these visitors
        // are always the same.
        expect(Math.abs(error)).toBeLessThanOrEqual(4 * own.history.visitorsError);
      }
      await own.close();
    });

    test('turns old hours into days without losing visits', async () => {
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

    test('returns the visits of days of many counters, hours and folded days together', async () => {
      const { store: own, name, at, hit } = begin();
      const [other, none] = [fresh(), fresh()];
      for (const day of [0, 1]) {
        at(day * DAY_MS + 5 * HOUR_MS);
        await hit({ amount: 3, kinds: { person: 1, bot: 1, proxy: 1 } });
        at(day * DAY_MS + 23 * HOUR_MS);
        await hit({ amount: 2, kinds: { program: 2 } });
      }
      const last = HOURS_KEPT_DAYS + 1;
      at(last * DAY_MS + 6 * HOUR_MS);
      // Folds the first two days, or parts of them.
      await hit({ kinds: { person: 1 } });
      await hit({ kinds: { person: 1 } });
      await hit({ counter: other, amount: 7 });
      const recent = async (first: number, end: number, ...names: string[]) =>
        (await own.history.recent(names, DAY + first, DAY + end)).map((days) =>
          [...days].map(([day, visits]) => [day - DAY, visits]).toSorted(byText),
        );
      const days = [
        [0, 5],
        [1, 5],
        [last, 2],
      ];
      const all = await recent(0, last, name, none, other, name);
      expect(all).toEqual([days.toSorted(byText), [], [[last, 7]], days.toSorted(byText)]);
      expect(await recent(1, last - 1, name)).toEqual([[[1, 5]]]);
      expect(await recent(last, last, other, name)).toEqual([[[last, 7]], [[last, 2]]]);
      expect(await recent(last + 1, last + 90, name)).toEqual([[]]);
      expect(await recent(0, last)).toEqual([]);
      await own.close();
    });

    test('returns the visits of days of a counter that is visited in every hour', async () => {
      const { store: own, name } = begin();
      const kinds = ['person', 'program', 'proxy', 'bot'] as const;
      const first = DAY - HOURS_KEPT_DAYS + 1;
      const hours = Array.from({ length: HOURS_KEPT_DAYS * 24 }, (_, index) =>
        kinds.map((kind, amount) => ({ at: first * 24 + index, kind, amount })),
      ).flat();
      const old = Array.from({ length: 200 }, (_, index) =>
        kinds.map((kind) => ({ at: first - 1 - index, kind, amount: index })),
      ).flat();
      const past = { hours, days: old, visitors: new Map() };
      const brought = { counter: name, total: 1, madeAt: 1, owner: undefined, rules: RULES, past };
      const terms = { source: randomUUID().slice(0, 22), existing: 'keep' } as const;
      expect(await own.archive.importAll([brought], terms)).toEqual(['made']);
      // Each hour has 0 + 1 + 2 + 3 visits.
      for (const days of [1, 2, HOURS_KEPT_DAYS, 90]) {
        const [visits] = await own.history.recent([name], DAY - days + 1, DAY);
        const expected = Array.from({ length: days }, (_, index) => {
          const before = index - HOURS_KEPT_DAYS;
          return [DAY - index, before < 0 ? 24 * 6 : before * 4] as const;
        });
        const sums = expected.map(([day]) => [day, visits?.get(day) ?? 0]);
        expect({ days, sums }).toEqual({ days, sums: expected.map(([...entry]) => entry) });
      }
      await own.close();
    });

    test('sums of days stop at the largest exact number, too', async () => {
      const { store: own, name, hit } = begin();
      await hit({ amount: MAX, kinds: { person: MAX } });
      await hit({ amount: -MAX, kinds: { bot: MAX } });
      const [visits] = await own.history.recent([name], DAY, DAY);
      expect(visits).toEqual(new Map([[DAY, MAX]]));
      await own.close();
    });

    test('stops at the largest exact number, and the counter counts on', async () => {
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

    test('contains nothing of a deleted counter', async () => {
      const { store: own, name, hit } = begin();
      await hit({ visitors: callers('a') });
      await own.registry.delete([name]);
      expect(await own.history.recent([name], DAY, DAY)).toEqual([new Map()]);
      expect(await own.history.read(name)).toEqual({ hours: [], days: [], visitors: new Map() });
      await own.close();
    });

    test('uses the same salt for all replicas on a day, and another on the next', async () => {
      const other = subject().open();
      const today = Math.floor(Date.now() / DAY_MS);
      const first = await store.history.salt(today, 'suggested first');
      expect(await other.history.salt(today, 'suggested later')).toBe(first);
      expect(await other.history.salt(today + 1, 'for tomorrow')).toBe('for tomorrow');
      expect(await store.history.salt(today, 'suggested last')).toBe(first);
      await other.close();
    });
  });
}
