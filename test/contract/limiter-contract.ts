/** The contract of the limiter. Every store runs it, on the real database. */
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { DAY_MS } from '../../src/contract/history.ts';
import type { Subject } from './subject.ts';

/** Runs this part of the contract. */
export function testLimiter(subject: () => Subject): void {
  describe('visitors’ quotas', () => {
    // Five at once, one of which comes back after so long: Redis forgets by its own clock, which
    // goes on while the test's stands.
    const BACK_MS = 120_000;
    const FIVE = { name: 'requests', quota: 5, windowMs: 5 * BACK_MS };

    /** A store of which the test owns the time, and a way to take some. */
    function begin() {
      // Not a past one: Redis forgets by its own clock.
      let now = Date.now();
      const own = subject().open({ now: () => now });
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

    test('can be used all at once, and not once more', async () => {
      const { store: own, take } = begin();
      const who = visitor();
      for (const remaining of [4, 3, 2, 1, 0]) {
        expect(await take(who)).toEqual({ allowed: true, remaining, nextMs: BACK_MS });
      }
      expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: BACK_MS });
      expect(await take(who)).toEqual({ allowed: false, remaining: 0, nextMs: BACK_MS });
      await own.close();
    });

    test('refill evenly, completely within the window, and never beyond', async () => {
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

    test('of a day are half refilled after half a day, and full after a day', async () => {
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

    test('are separate for each visitor and each limit', async () => {
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

    test('are shared by all replicas of a database', async () => {
      const [one, two] = [begin(), begin()];
      const who = visitor();
      expect(await one.many(who, 3)).toBe(3);
      expect(await two.take(who)).toMatchObject({ allowed: true, remaining: 1 });
      expect(await one.many(who, 3)).toBe(1);
      expect(await two.take(who)).toMatchObject({ allowed: false });
      await one.store.close();
      await two.store.close();
    });

    test('are used by many in one call, in order, twice for a visitor who is in it twice', async () => {
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

    test('are used by several requests in one step: by as many as remain, and all others are refused', async () => {
      const { store: own, pass } = begin();
      const who = visitor();
      const take = async (...counts: number[]) => {
        const verdicts = await own.limiter.take(
          counts.map((count) => ({ who, limit: FIVE, count })),
        );
        return verdicts.map(({ allowed, remaining }) => [allowed, remaining]);
      };
      expect(await take(3)).toEqual([[true, 2]]);
      expect(await take(3)).toEqual([[false, 0]]);
      pass(4 * BACK_MS);
      expect(await take(2, 1, 2, 1)).toEqual([
        [true, 2],
        [true, 1],
        [false, 0],
        [false, 0],
      ]);
      pass(BACK_MS - 1);
      expect(await take(9)).toEqual([[false, 0]]);
      pass(1);
      // The refused ones of before have used no part of it.
      expect(await take(1)).toEqual([[true, 0]]);
      pass(100 * BACK_MS);
      expect(await take(6)).toEqual([[false, 0]]);
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

    test('are stored for a limited number of visitors; a stored one stays limited', async () => {
      const { store: own, many } = begin();
      const [before, newcomer] = [visitor(), visitor()];
      expect(await many(before, 3)).toBe(3);
      // Those of other tests are remembered too.
      const full = subject().open({ limitedMax: 1 });
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

    test('do not delay anybody beyond one window after another replica’s clock was far ahead', async () => {
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
}
