/**
 * Quotas as replicas know them, in random histories: checked against the documented bounds
 * (decision 40), with the exact limiter of a store behind them.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Limit, LimitRequest, Verdict } from '../../../../src/contract/limiter.ts';
import { pause } from '../../../../src/counter/clock.ts';
import { AppError } from '../../../../src/counter/errors.ts';
import { KnownQuotas, unreportedMax } from '../../../../src/counter/limits/known-quotas.ts';
import { LimiterLine } from '../../../../src/counter/limits/limiter-line.ts';
import { shareOf, takeFrom, verdictOf } from '../../../../src/counter/limits/rate-limit.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';

/**
 * Replicas on one store, which answers at once, or `slowMs` later, or fails in one of two ways:
 * without having taken anything, or after it has.
 */
function begin(limit: Limit, replicas: number) {
  const clock = new ManualClock();
  const stored = new Map<string, number>();
  const asked: LimitRequest[][] = [];
  const state = { away: false, lost: false, slowMs: 0 };
  const nowUs = () => clock.now() * 1000;
  const limiter = {
    take: async (wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> => {
      asked.push([...wanted]);
      if (state.away) throw new AppError('store-unavailable', 'made by the test');
      const verdicts = wanted.map(({ who, count = 1 }) => {
        const taken = takeFrom(limit, stored.get(who), nowUs(), count);
        stored.set(who, taken.fullAtUs);
        return verdictOf(limit, taken, nowUs());
      });
      if (state.lost) throw new AppError('hit-unconfirmed', 'made by the test');
      if (state.slowMs > 0) await pause(clock, state.slowMs);
      return verdicts;
    },
  };
  const quotas = Array.from({ length: replicas }, () => new KnownQuotas(limit, limiter, clock));
  return {
    clock,
    asked,
    state,
    take: async (replica = 0, who = 'somebody') =>
      quotas[replica]!.take({ key: who, who: () => who }),
    takeNow: (replica = 0, who = 'somebody') =>
      quotas[replica]!.take({ key: who, who: () => who }),
  };
}

/** A request of one visitor, and its verdict. */
interface Asked {
  readonly ms: number;
  readonly verdict: Verdict;
}

/** A pause, and then some requests to a replica. */
interface Burst {
  readonly pauseMs: number;
  readonly replica: number;
  readonly requests: number;
}

async function ask(limit: Limit, replicas: number, bursts: readonly Burst[]): Promise<Asked[]> {
  const { clock, take } = begin(limit, replicas);
  const all: Asked[] = [];
  for (const { pauseMs, replica, requests } of bursts) {
    clock.jump(pauseMs);
    for (let n = 0; n < requests; n++) {
      const verdict = await take(replica % replicas);
      if (!verdict) throw new Error('the store was not away');
      all.push({ ms: clock.now(), verdict });
    }
  }
  return all;
}

/** Between one request in two seconds and ten a second. */
const limits = fc
  .record({
    tenSeconds: fc.integer({ min: 5, max: 100 }),
    windowMs: fc.integer({ min: 3000, max: 12_000 }),
  })
  .map(({ tenSeconds, windowMs }) => {
    const quota = Math.ceil((tenSeconds * windowMs) / 10_000);
    return { name: 'requests', quota, windowMs };
  });
const pauses = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 4000 }) },
  fc.integer({ min: 4000, max: 13_000 }),
);
const bursts = fc.array(
  fc.record({
    pauseMs: pauses,
    replica: fc.integer({ min: 0, max: 3 }),
    requests: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 })),
  }),
  { minLength: 1, maxLength: 40 },
);
const replicaCounts = fc.integer({ min: 1, max: 4 });
const RUNS = { numRuns: 500 };

describe('the quota that replicas know', () => {
  test('is exceeded in no period by more than the bound, and on one replica never', async () => {
    const check = async (limit: Limit, replicas: number, history: readonly Burst[]) => {
      const all = await ask(limit, replicas, history);
      const times = all.flatMap(({ ms, verdict }) => (verdict.allowed ? ms : []));
      const { oneUs } = shareOf(limit);
      const beyond = replicas === 1 ? 0 : replicas * unreportedMax(limit);
      let most = Number.NEGATIVE_INFINITY;
      for (let first = 0; first < times.length; first++) {
        for (let last = first; last < times.length; last++) {
          const periodMs = (times[last] ?? 0) - (times[first] ?? 0);
          const refilled = Math.floor((periodMs * 1000) / oneUs);
          const windows = Math.ceil(periodMs / limit.windowMs) + 1;
          most = Math.max(most, last - first + 1 - refilled - beyond * windows);
        }
      }
      expect(most).toBeLessThanOrEqual(limit.quota);
    };
    await fc.assert(fc.asyncProperty(limits, replicaCounts, bursts, check), RUNS);
  });

  test('refuses nobody who used less than the quota within the window, less what replicas have not reported', async () => {
    const check = async (limit: Limit, replicas: number, history: readonly Burst[]) => {
      const all = await ask(limit, replicas, history);
      const least = limit.quota - replicas * unreportedMax(limit);
      all.forEach(({ ms, verdict }, index) => {
        if (verdict.allowed) return;
        const used = all.filter(
          (other, place) =>
            place < index && other.verdict.allowed && ms - other.ms < limit.windowMs,
        );
        expect(used.length).toBeGreaterThanOrEqual(least);
      });
    };
    await fc.assert(fc.asyncProperty(limits, replicaCounts, bursts, check), RUNS);
  });

  test('on one replica is reported with the remainder, or less by what was unreported', async () => {
    const check = async (limit: Limit, history: readonly Burst[]) => {
      let fullAtUs: number | undefined;
      for (const { ms, verdict } of await ask(limit, 1, history)) {
        const exact = takeFrom(limit, fullAtUs, ms * 1000, 1);
        const { remaining } = verdictOf(limit, exact, ms * 1000);
        if (verdict.allowed) ({ fullAtUs } = exact);
        const least = Math.max(0, remaining - unreportedMax(limit) - 1);
        expect(verdict.remaining).toBeWithin(least, remaining + 1);
      }
    };
    await fc.assert(fc.asyncProperty(limits, bursts, check), RUNS);
  });
});

/** Ten a second, so a replica allows ten before it asks. */
const LIMIT = { name: 'requests', quota: 600, windowMs: 60_000 };

describe('the store', () => {
  test('is asked for one request in eleven, and told of the ten before it', async () => {
    const { take, takeNow, asked } = begin(LIMIT, 1);
    for (let n = 1; n <= 10; n++)
      expect(takeNow()).toEqual({ allowed: true, remaining: 600 - n, nextMs: 100 });
    expect(asked).toEqual([]);
    expect(await take()).toEqual({ allowed: true, remaining: 589, nextMs: 100 });
    expect(asked).toEqual([[{ who: 'somebody', limit: LIMIT, count: 11 }]]);
    for (let n = 1; n <= 22; n++) await take();
    expect(asked.map((wanted) => wanted.map(({ count }) => count))).toEqual([[11], [11], [11]]);
  });

  test('is asked for each request when less than a tenth remains, and for none beyond the limit', async () => {
    const { take, asked } = begin(LIMIT, 1);
    for (let n = 0; n < 540; n++) await take();
    const before = asked.length;
    for (let n = 0; n < 60; n++) expect(await take()).toMatchObject({ allowed: true });
    expect(asked.length - before).toBeGreaterThanOrEqual(59);
    const used = asked.length;
    for (let n = 0; n < 50; n++)
      expect(await take()).toEqual({ allowed: false, remaining: 0, nextMs: 100 });
    expect(asked.length).toBe(used);
  });

  test('is asked for each request when a limit allows less than one a second', async () => {
    const { take, asked } = begin({ ...LIMIT, quota: 59 }, 1);
    for (let n = 0; n < 5; n++) await take();
    expect(asked.map((wanted) => wanted[0]?.count)).toEqual([1, 1, 1, 1, 1]);
  });

  test('is not told of requests that are a window old', async () => {
    const { clock, take, asked } = begin(LIMIT, 1);
    for (const who of ['one', 'other']) for (let n = 0; n < 10; n++) await take(0, who);
    clock.jump(59_999);
    await take(0, 'one');
    clock.jump(1);
    for (let n = 0; n < 10; n++) await take(0, 'other');
    const told = [{ who: 'one', limit: LIMIT, count: 11 }];
    expect(asked).toEqual([told]);
    await take(0, 'other');
    expect(asked).toEqual([told, [{ who: 'other', limit: LIMIT, count: 11 }]]);
  });

  test('does not know some requests, which their replica still counts', async () => {
    const { clock, take, asked } = begin(LIMIT, 1);
    await take();
    clock.jump(59_900);
    for (let n = 0; n < 9; n++) await take();
    // The first is a window old, so none of the ten is reported. One of the nine has refilled.
    clock.jump(100);
    for (let n = 0; n < 10; n++) await take();
    expect(await take()).toMatchObject({ allowed: true, remaining: 600 - 8 - 11 });
    expect(asked).toEqual([[{ who: 'somebody', limit: LIMIT, count: 11 }]]);
  });

  test('is told once of unreported requests, also when many ask at once', async () => {
    const { take, asked } = begin(LIMIT, 1);
    for (let n = 0; n < 10; n++) await take();
    await Promise.all(Array.from({ length: 5 }, () => take()));
    expect(asked.map((wanted) => wanted.map(({ count }) => count))).toEqual([[11, 1, 1, 1, 1]]);
  });

  test('when it is away: nothing more is allowed unreported, and it is told when it is back', async () => {
    const { take, asked, state } = begin(LIMIT, 1);
    state.away = true;
    for (let n = 0; n < 10; n++) expect(await take()).toMatchObject({ allowed: true });
    for (let n = 0; n < 5; n++) {
      expect(await take()).toBeUndefined();
      await settle();
    }
    state.away = false;
    expect(await take()).toMatchObject({ allowed: true, remaining: 589 });
    expect(asked.map((wanted) => wanted[0]?.count)).toEqual([11, 11, 11, 11, 11, 11]);
  });

  test('when it is slow: is told of each request once, and what it answers late is known', async () => {
    const { clock, take, asked, state } = begin(LIMIT, 1);
    state.slowMs = 300;
    for (let n = 0; n < 69; n++) {
      void take();
      await clock.pass(360);
    }
    const told = asked.flat().reduce((sum, { count = 1 }) => sum + count, 0);
    expect(told).toBeLessThanOrEqual(69);
    // Requests that arrive during a late call are not sent.
    for (let n = 0; n < 11; n++) void take(0, 'other');
    await clock.pass(250);
    const before = asked.length;
    expect(await take(0, 'other')).toBeUndefined();
    expect(asked.length).toBe(before);
    await clock.pass(50);
    state.slowMs = 0;
    for (let n = 0; n < 9; n++) await take(0, 'other');
    // The eleven, of which three have refilled, nine, and this one.
    expect(await take(0, 'other')).toMatchObject({ allowed: true, remaining: 600 - 18 });
    expect(asked.length).toBe(before);
  });

  test('is told later of those whose request was not sent, because another call was late', async () => {
    const { clock, take, asked, state } = begin(LIMIT, 1);
    for (let n = 0; n < 10; n++) await Promise.all([take(0, 'one'), take(0, 'other')]);
    state.slowMs = 300;
    void take(0, 'one');
    await settle();
    const waiting = take(0, 'other');
    await clock.pass(250);
    expect(await waiting).toBeUndefined();
    await clock.pass(50);
    state.slowMs = 0;
    await take(0, 'other');
    expect(asked.map((wanted) => wanted[0])).toEqual([
      { who: 'one', limit: LIMIT, count: 11 },
      { who: 'other', limit: LIMIT, count: 11 },
    ]);
  });

  test('when it may have taken them: is not told again of the same requests', async () => {
    const { take, asked, state } = begin(LIMIT, 1);
    state.lost = true;
    for (let n = 0; n < 11; n++) await take();
    await settle();
    state.lost = false;
    for (let n = 0; n < 11; n++) await take();
    expect(asked.map((wanted) => wanted[0]?.count)).toEqual([11, 11]);
    // The eleventh was let through unchecked, and the store knows it.
    expect(await take()).toMatchObject({ allowed: true, remaining: 600 - 23 });
  });

  test('is asked for a visitor again whom many others have displaced from memory', async () => {
    const { take, takeNow, asked } = begin({ ...LIMIT, quota: 30 }, 1);
    for (let n = 0; n < 31; n++) await take();
    expect(asked.length).toBe(30);
    for (let n = 0; n < 20_000; n++) void takeNow(0, `other-${n}`);
    await settle();
    expect(await take()).toMatchObject({ allowed: false });
    expect(asked.at(-1)).toMatchObject([{ who: 'somebody' }]);
  });
});

describe('a call of the store', () => {
  test('that fails ends its requests, and is not reported as late', async () => {
    const fail = () => Promise.reject(new AppError('store-unavailable', 'made by the test'));
    const line = new LimiterLine({ take: fail }, new ManualClock());
    const told: unknown[] = [];
    line.add({
      wanted: { who: 'somebody', limit: LIMIT, count: 1 },
      giveUp: () => told.push('given up'),
      end: (outcome) => told.push(outcome),
    });
    await settle();
    expect(told).toEqual(['not-taken']);
    expect(line.overdue).toBe(false);
  });
});

describe('a store of two shards', () => {
  /** Of visitors whose names begin with the shard's number; shard 1 does not answer. */
  function beginShards(answerOfLost: () => Promise<never>) {
    const { clock } = begin(LIMIT, 1);
    const asked: string[][] = [];
    const limit = { ...LIMIT, quota: 30 };
    const limiter = {
      division: { shards: 2, shardOf: (who: string) => Number(who[0]) },
      take: async (wanted: readonly LimitRequest[]) => {
        asked.push(wanted.map(({ who }) => who));
        if (wanted.some(({ who }) => who.startsWith('1'))) return answerOfLost();
        return wanted.map(() => ({ allowed: true, remaining: 20, nextMs: 1 }));
      },
    };
    const quotas = new KnownQuotas(limit, limiter, clock);
    const take = async (who: string) => quotas.take({ key: who, who: () => who });
    return { clock, asked, take };
  }

  test('is asked for the visitors of each by itself, and a silent shard delays no other', async () => {
    const { clock, asked, take } = beginShards(() => new Promise(() => undefined));
    const lost = take('1-a');
    const first = await Promise.all([take('0-a'), take('0-b')]);
    expect(first).toMatchObject([{ allowed: true }, { allowed: true }]);
    expect(asked).toEqual([['1-a'], ['0-a', '0-b']]);
    await clock.pass(250);
    expect(await lost).toBeUndefined();
    expect(await take('1-b')).toBeUndefined();
    expect(await take('0-c')).toMatchObject({ allowed: true });
    expect(asked).toEqual([['1-a'], ['0-a', '0-b'], ['0-c']]);
  });

  test('gives its verdicts also while one fails', async () => {
    const { take } = beginShards(() =>
      Promise.reject(new AppError('store-unavailable', 'made by the test')),
    );
    const all = await Promise.all(['0-a', '1-a', '0-b', '1-b'].map(take));
    expect(all.map((verdict) => verdict?.allowed)).toEqual([true, undefined, true, undefined]);
  });
});
