/** Limits in Redis, whatever visitors send: its memory, the time of one script, and clocks. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../../../src/contract/counting.ts';
import { HOUR_MS, HOURS_KEPT_DAYS } from '../../../../src/contract/history.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { createRedisStore } from '../../../../src/stores/redis/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { callers } from '../../../support/callers.ts';
import { until } from '../../../support/folder.ts';
import { RedisServer, SAFE } from '../../../support/redis-server.ts';

const DAY_MS = 24 * HOUR_MS;

function open(url: string, more: { now?: () => number; clocksDifferMaxMs?: number } = {}) {
  const store = createRedisStore({
    url,
    ca: undefined,
    timeoutMs: 20_000,
    now: Date.now,
    ...LIMITS,
    keysMax: 250_000,
    ...more,
  });
  const writer = randomUUID();
  let sequence = 0;
  return Object.assign(store, {
    hit: (...changes: Change[]) =>
      store.counting.commit({ writer, sequence: ++sequence, changes }),
    [Symbol.asyncDispose]: () => store.close(),
  });
}

async function memoryOf(server: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1]);
}

describe('memory', () => {
  /** Floods of which each request leaves something, by what it leaves. */
  const FLOODS: Readonly<Record<string, (n: number) => Change[]>> = {
    'visitors of a counter with a window': (n) => [
      {
        counter: 'with/window',
        amount: 500,
        kinds: { person: 500 },
        visitors: callers(...ids(n, 500)),
      },
    ],
    'new counters': (n) =>
      Array.from({ length: 200 }, (_, index) => ({ counter: `flood/${n}-${index}`, amount: 1 })),
    'keys of requests': () =>
      Array.from({ length: 200 }, () => ({
        counter: 'hits',
        amount: 1,
        once: { key: randomUUID(), request: '1' },
      })),
  };
  const ids = (n: number, count: number) =>
    Array.from({ length: count }, (_, index) => `v-${n}-${index}`);

  for (const [what, flood] of Object.entries(FLOODS)) {
    test(`a flood of ${what} does not fill Redis, and existing counters count on, also after a restart`, async () => {
      await using server = await RedisServer.start({ ...SAFE, maxmemory: '8mb' });
      await using store = open(server.url);
      const windowMs = DAY_MS;
      await store.registry.create('with/window', {
        total: 0,
        madeAt: Date.now(),
        owner: 'o',
        rules: { ...RULES, windowMs },
      });
      await store.hit({ counter: 'other/page', amount: 1 });
      let number = 1;
      // Until memory is short, and on.
      for (let n = 0, more = 100; more > 0; n++) {
        if (store.counting.short) more--;
        await store.hit(...flood(n));
        if (n % 10 === 0)
          expect(await store.hit({ counter: 'other/page', amount: 1 })).toEqual([++number]);
      }
      expect(store.counting.short).toBe(true);
      expect(await memoryOf(server)).toBeLessThan(8 * 2 ** 20);
      expect(await store.hit({ counter: 'other/new', amount: 1 })).toEqual(['counters-full']);
      const draft = { total: 0, madeAt: Date.now(), owner: 'p', rules: RULES };
      expect(await store.registry.create('other/made', draft)).toBe('counters-full');
      expect(await store.registry.create('with/window', { ...draft, owner: 'o' })).toBe('created');
      for (const change of [{ title: 'A title' }, { link: 'http://a/', total: 7 }]) {
        await expect(store.registry.change('with/window', change)).rejects.toMatchObject({
          code: 'store-full',
        });
      }
      const less = { title: null, rules: { private: true } };
      expect(await store.registry.change('with/window', less)).toMatchObject({ owner: 'o' });
      await server.kill();
      await server.start();
      await until('Redis to count again', async () => {
        expect(await store.hit({ counter: 'other/page', amount: 1 })).toEqual([number + 1]);
        return true;
      });
    });
  }

  test('when memory is short totals go on, and so does the history of hours that have begun', async () => {
    await using server = await RedisServer.start();
    let now = Date.UTC(2026, 10, 22, 12);
    await using store = open(server.url, { now: () => now });
    const visit = (...who: string[]): Change => ({
      counter: 'my-site/page',
      amount: who.length,
      kinds: { person: who.length },
      visitors: callers(...who),
    });
    await store.hit(visit('a'));
    await server.cli('CONFIG', 'SET', 'maxmemory', `${Math.ceil((await memoryOf(server)) / 0.9)}`);
    await until('the store to notice', async () => {
      await store.hit({ counter: 'my-site/other', amount: 1 });
      return store.counting.short;
    });
    expect(await store.hit(visit('b', 'c'))).toEqual([3]);
    now += HOUR_MS;
    expect(await store.hit(visit('d', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'))).toEqual([12]);
    const short = await store.history.read('my-site/page');
    expect(short.hours.map(({ amount }) => amount)).toEqual([3]);
    expect([...short.visitors.values()]).toEqual([1]);
    await server.cli('CONFIG', 'SET', 'maxmemory', '256mb');
    await until('the store to notice', async () => {
      await store.hit({ counter: 'my-site/other', amount: 1 });
      return !store.counting.short;
    });
    // Nobody who came while memory was short is taken for known.
    await store.hit(visit('b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'));
    expect([...(await store.history.read('my-site/page')).visitors.values()]).toEqual([12]);
  });

  test('when memory is full every request is refused before it writes anything', async () => {
    await using server = await RedisServer.start();
    await using store = open(server.url);
    const rules = { ...RULES, windowMs: DAY_MS };
    const now = Date.now();
    await store.registry.create('with/window', { total: 0, madeAt: now, owner: 'o', rules });
    await store.hit({ counter: 'with/window', amount: 1, visitors: callers('a') });
    // What a window is to forget is there.
    await server.cli('ZADD', 'seen:recent:with/window', '1', 'plong-ago');
    const past = { hours: [], days: [], visitors: new Map<number, number>() };
    const brought = { counter: 'with/window', total: 5, madeAt: now, owner: 'o', rules, past };
    const limit = { name: 'requests', quota: 1, windowMs: 60_000 };
    const report = {
      id: 'a',
      name: 'a',
      version: '1',
      startedAt: 1,
      hits: 0,
      state: 'ready',
    } as const;
    type Opened = ReturnType<typeof open>;
    const first = ({ counting }: Opened, change: Change) =>
      counting.commit({ writer: randomUUID(), sequence: 1, changes: [change] });
    const asked: Record<string, (own: Opened) => Promise<unknown>> = {
      'a visit to a counter with a window': (own) =>
        first(own, { counter: 'with/window', amount: 1, visitors: callers('b') }),
      'a visit with a key': (own) =>
        first(own, { counter: 'hits', amount: 1, once: { key: randomUUID(), request: '1' } }),
      'a new counter': (own) =>
        own.registry.create('my-site/new', { total: 0, madeAt: now, owner: 'o' }),
      'a counter that is replaced': (own) =>
        own.archive.importAll([brought], { source: 'another', existing: 'replace' }),
      'a quota': (own) => own.limiter.take([{ who: 'somebody', limit }]),
      'a replica': (own) => own.presence.heartbeat(report),
      'a salt': (own) => own.history.salt(7, 'suggested'),
    };
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    for (const [what, ask] of Object.entries(asked)) {
      await server.cli('CONFIG', 'RESETSTAT');
      // One that has noticed it refuses new counters itself, and does not ask Redis.
      await using unaware = open(server.url);
      const refused = await ask(unaware).then(
        () => 'nothing',
        (error: { message: string }) => error.message,
      );
      expect({ what, refused }).toEqual({ what, refused: expect.stringContaining('OOM') });
      const stats = await server.cli('INFO', 'commandstats');
      expect({
        what,
        removed: /cmdstat_(del|zrem|zremrangebyscore|hdel|srem):/.exec(stats)?.[1],
      }).toEqual({
        what,
        removed: undefined,
      });
    }
  });
});

describe('time', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('the first visits after a long time fold old hours in small steps, and lose nothing', async () => {
    const COUNTERS = 40;
    const FIELDS = 840;
    const now = Date.now();
    const hour = Math.floor(now / HOUR_MS);
    const today = Math.floor(hour / 24);
    // As 35 busy days have left them, 40 days ago.
    const fill = `for n = 1, ${COUNTERS} do
      local name = 'old/page-' .. n
      redis.call('SET', 'seen:total:' .. name, ${FIELDS})
      redis.call('HSET', 'seen:counter:' .. name, 'made', 1, 'day', ${today - 40}, 'old', '${today - 40} ${today - 40} -')
      redis.call('ZADD', 'seen:names', 0, name)
      for h = 1, ${FIELDS} do redis.call('HSET', 'seen:hours:' .. name, (${hour - 40 * 24} - h) .. 'p', 1) end
    end`;
    await server.cli('EVAL', fill, '0');
    let time = now;
    await using store = open(server.url, { now: () => time });
    const all = Array.from({ length: COUNTERS }, (_, n) => ({
      counter: `old/page-${n + 1}`,
      amount: 1,
    }));
    const folded = async () => {
      const stats = await server.cli('INFO', 'commandstats');
      return Number(/cmdstat_hdel:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    // What is old is told by the day of a visit before the day before.
    for (const day of [0, 1, 2]) {
      time = now + day * DAY_MS;
      for (let visits = 0; visits < 3; visits++) {
        const before = await folded();
        await store.hit(...all);
        // Ten steps of some hundred fields, and one field of each counter's record.
        expect((await folded()) - before).toBeLessThan(2000 + COUNTERS);
      }
    }
    // A reader sees none of it.
    const { hours, days } = await store.history.read('old/page-40');
    const sum = (some: readonly { amount: number }[]) =>
      some.reduce((whole, { amount }) => whole + amount, 0);
    expect([sum(days), sum(hours)]).toEqual([FIELDS, 9]);
    // It comes to an end.
    await until('the hours to be folded', async () => {
      for (let visits = 0; visits < 50; visits++) await store.hit(...all);
      return Number(await server.cli('HLEN', 'seen:hours:old/page-40')) < 4;
    });
    for (const name of ['old/page-1', 'old/page-40']) {
      expect(await store.history.read(name)).toMatchObject({ days: { length: days.length } });
    }
    expect(HOURS_KEPT_DAYS).toBeLessThan(40);
  });

  test('a clock that differs from Redis’ by more than an hour is refused with an error', async () => {
    let ahead = 59 * 60_000;
    await using store = open(server.url, {
      now: () => Date.now() + ahead,
      clocksDifferMaxMs: HOUR_MS,
    });
    expect(await store.hit({ counter: 'my-site/clock', amount: 1 })).toEqual([1]);
    ahead = -59 * 60_000;
    expect(await store.hit({ counter: 'my-site/clock', amount: 1 })).toEqual([2]);
    const writer = randomUUID();
    const batch = { writer, sequence: 1, changes: [{ counter: 'my-site/clock', amount: 1 }] };
    for (const minutes of [61, -61]) {
      ahead = minutes * 60_000;
      const said = minutes > 0 ? 'ahead of' : 'behind';
      await expect(store.counting.commit(batch)).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringMatching(new RegExp(`clock is \\d+ s ${said} that of Redis`)),
      });
    }
    ahead = 0;
    expect(await store.counting.commit(batch)).toEqual([3]);
  });
});
