/**
 * The contract of limits: data that grows with visitors' requests ends at a limit, existing
 * counters count on, and a clock that is wrong for a while loses nothing. Every store runs it, on
 * the real database.
 */
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../src/contract/counting.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS } from '../../src/contract/history.ts';
import { RULES } from '../../src/contract/registry.ts';
import { callers } from '../support/callers.ts';
import type { Subject } from './subject.ts';

/** Noon, so that no test comes to midnight. */
const START = Date.UTC(2026, 10, 22, 12);
const MINUTE_MS = 60_000;

/** Runs this part of the contract. */
export function testBounds(subject: () => Subject): void {
  describe('limits on stored data', () => {
    /** A store of which the test owns the time, with a writer of its own. */
    function begin(limits: Parameters<Subject['open']>[0] = {}) {
      let now = START;
      let number = 0;
      const writer = randomUUID();
      const space = randomUUID();
      const store = subject().open({ now: () => now, ...limits });
      return {
        store,
        name: (key = 'page') => `${space}/${key}`,
        at: (ms: number) => {
          now = START + ms;
        },
        commit: (...changes: Change[]) =>
          store.counting.commit({ writer, sequence: ++number, changes }),
        [Symbol.asyncDispose]: () => store.close(),
      };
    }
    const ids = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `visitor-${from + index}`);
    const windowed = { ...RULES, windowMs: DAY_MS };
    const visit = (counter: string, ...who: string[]): Change => ({
      counter,
      amount: who.length,
      kinds: { person: who.length },
      visitors: callers(...who),
    });
    const totals = (outcomes: readonly unknown[]) =>
      outcomes.map((outcome) =>
        typeof outcome === 'object' ? (outcome as { total: number }).total : outcome,
      );

    test('one counter remembers at most a quarter of the visitors; others still count, each time', async () => {
      await using own = begin({ visitorsMax: 40 });
      await own.store.registry.create(own.name(), {
        total: 0,
        madeAt: START,
        owner: 'o',
        rules: windowed,
      });
      expect(totals(await own.commit(visit(own.name(), ...ids(0, 30))))).toEqual([30]);
      // Ten are remembered, and count once. Twenty are not.
      expect(totals(await own.commit(visit(own.name(), ...ids(0, 30))))).toEqual([50]);
      expect(totals(await own.commit(visit(own.name(), ...ids(0, 10))))).toEqual([50]);
    });

    test('all counters together remember no more visitors than the limit, and there is space again when windows end', async () => {
      await using own = begin({ visitorsMax: 40 });
      const names = ['a', 'b', 'c', 'd', 'e', 'f'].map(own.name);
      for (const name of names) {
        await own.store.registry.create(name, {
          total: 0,
          madeAt: START,
          owner: 'o',
          rules: windowed,
        });
      }
      const all = () => names.map((name) => visit(name, ...ids(0, 10)));
      expect(totals(await own.commit(...all()))).toEqual([10, 10, 10, 10, 10, 10]);
      const second = totals(await own.commit(...all()));
      // Whatever others of this suite have left is theirs, so at most four counters have room.
      expect(second.filter((total) => total === 10).length).toBeLessThanOrEqual(4);
      expect(second.filter((total) => total === 20).length).toBeGreaterThanOrEqual(2);
      own.at(2 * DAY_MS);
      const before = totals(await own.commit(...all())).map(Number);
      const after = totals(await own.commit(...all())).map(Number);
      expect(after.filter((total, index) => total === before[index]).length).toBe(4);
    });

    test('a limit of 0 counters is a full store, and not one in which hits make none', async () => {
      for (const [hitsMake, expected] of [
        [true, 'counters-full'],
        [false, 'missing'],
      ] as const) {
        await using own = begin({ countersMax: 0, hitsMake });
        const barred = { counter: own.name(), amount: 1, make: false };
        expect(await own.commit(visit(own.name(), 'a'), barred)).toEqual([expected, 'missing']);
        // The default counter may always be made.
        expect(totals(await own.commit(visit('hits', 'a')))).toEqual([expect.any(Number)]);
        expect(await own.store.counting.read([own.name()])).toEqual([undefined]);
      }
    });

    test('with a limit of 0 keys none is kept, and hits without a key count', async () => {
      await using own = begin({ keysMax: 0 });
      const once = { key: randomUUID(), request: '1' };
      const hit = { counter: own.name(), amount: 1 };
      expect(await own.commit({ ...hit, once }, hit)).toEqual(['keys-full', 1]);
    });

    test('with a limit of 0 visitors none is remembered, and each visit counts', async () => {
      await using own = begin({ visitorsMax: 0 });
      const draft = { total: 0, madeAt: START, owner: 'o', rules: windowed };
      await own.store.registry.create(own.name(), draft);
      for (const total of [1, 2])
        expect(totals(await own.commit(visit(own.name(), 'a')))).toEqual([total]);
    });

    test('when the limit on keys is reached, its space is free again after 24 hours', async () => {
      await using own = begin({ keysMax: 30 });
      const keyed = (): Change => ({
        counter: own.name(),
        amount: 1,
        once: { key: randomUUID(), request: '1' },
      });
      own.at(100 * DAY_MS);
      const flood = await own.commit(...Array.from({ length: 31 }, keyed));
      expect(flood.at(-1)).toBe('keys-full');
      own.at(101 * DAY_MS - 20 * MINUTE_MS);
      expect(await own.commit(keyed())).toEqual(['keys-full']);
      own.at(101 * DAY_MS + MINUTE_MS);
      const next = await own.commit(...Array.from({ length: 30 }, keyed));
      expect(next.filter((outcome) => outcome === 'keys-full')).toEqual([]);
    });

    test('a clock that is 25 hours ahead for a while deletes no key', async () => {
      await using own = begin({ keysMax: 1000 });
      const keyed = { counter: own.name(), amount: 1, once: { key: randomUUID(), request: '1' } };
      own.at(200 * DAY_MS);
      expect(await own.commit(keyed)).toEqual([1]);
      own.at(200 * DAY_MS + 25 * HOUR_MS);
      const other = { counter: own.name(), amount: 1, once: { key: randomUUID(), request: '1' } };
      expect(await own.commit(other)).toEqual([2]);
      own.at(200 * DAY_MS + MINUTE_MS);
      expect(await own.commit(keyed)).toEqual([1]);
    });

    test('a clock that is 36 days ahead for some hours turns no hour into a day', async () => {
      await using own = begin();
      const hit = () => own.commit({ counter: own.name(), amount: 1 });
      await hit();
      for (let hour = 0; hour < 6; hour++) {
        own.at((HOURS_KEPT_DAYS + 1) * DAY_MS + hour * HOUR_MS);
        await hit();
      }
      own.at(HOUR_MS);
      await hit();
      const { hours, days } = await own.store.history.read(own.name());
      const first = START / HOUR_MS;
      expect(hours.map(({ at }) => at).filter((at) => at < first + 24)).toEqual([
        first,
        first + 1,
      ]);
      expect(days).toEqual([]);
    });

    test('old hours become days, however many counters there are, and no visit is lost meanwhile', async () => {
      await using own = begin();
      const names = Array.from({ length: 50 }, (_, index) => own.name(`page-${index}`));
      for (let hour = 0; hour < 120; hour++) {
        own.at(hour * HOUR_MS);
        await own.commit(
          ...names.map((counter) => ({ counter, amount: 1, kinds: { person: 1 } })),
        );
      }
      const later = (HOURS_KEPT_DAYS + 10) * DAY_MS;
      for (let hour = 0; hour < 30; hour++) {
        own.at(later + hour * HOUR_MS);
        await own.commit(
          ...names.map((counter) => ({ counter, amount: 1, kinds: { person: 1 } })),
        );
        const { hours, days } = await own.store.history.read(names[hour % names.length] ?? '');
        const sum = (all: readonly { amount: number }[]) =>
          all.reduce((some, { amount }) => some + amount, 0);
        expect([sum(days), sum(hours)]).toEqual([120, hour + 1]);
      }
    });
  });
}
