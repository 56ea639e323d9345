/** Limits on the program that users start: three replicas, both stores, and visitors who mean harm. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { until } from './support/folder.ts';
import { load } from './support/load.ts';
import { Program } from './support/program.ts';
import { RedisServer } from './support/redis-server.ts';

/** Asks once, on a connection of its own, so of any replica. */
async function ask(program: Program, path: string, address = '192.0.2.1'): Promise<Response> {
  return fetch(`${program.url}${path}`, { headers: { 'X-Forwarded-For': address }, keepalive: false });
}

/** Asks for all of them, some at a time; answers the statuses in their order, and which replicas answered. */
async function askAll(program: Program, paths: readonly string[], address?: string) {
  const statuses: number[] = [];
  const replicas = new Set<string>();
  let next = 0;
  const some = async () => {
    for (let at = next++; at < paths.length; at = next++) {
      const answer = await ask(program, paths[at] ?? '', address);
      statuses[at] = answer.status;
      replicas.add(answer.headers.get('X-Served-By') ?? '');
      await answer.text();
    }
  };
  await Promise.all(Array.from({ length: 8 }, some));
  const count = (status: number) => statuses.filter((other) => other === status).length;
  return { statuses, count, replicas: replicas.size };
}

/** How many the limiter let through so far because the store took too long: on a busy machine it may. */
async function letThrough(program: Program): Promise<number> {
  let each: number[] = [];
  // A replica that is late with its figures is left out of them.
  await until('the figures of three replicas', async () => {
    const figures = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    each = [...figures.matchAll(/^seen_limiter_open_total\{.*\} (\d+)/gm)].map(([, count]) => Number(count));
    return each.length === 3;
  });
  return each.reduce((sum, count) => sum + count, 0);
}

const names = (count: number, word: string) =>
  Array.from({ length: count }, (_, n) => `/hit/${word}/name-${n}`);

for (const store of ['Redis', 'SQLite'] as const) {
  describe(`on ${store}`, () => {
    let redis: RedisServer;
    const start = (env: Record<string, string>) =>
      Program.start({
        ...(store === 'Redis' ? { SEEN_STORE_URL: redis.url } : {}),
        SEEN_TRUSTED_PROXIES: '127.0.0.1',
        ...env,
      });

    beforeAll(async () => {
      redis = await RedisServer.start();
    });
    afterAll(() => redis[Symbol.asyncDispose]());

    test('a flood of new names is stopped by the quota that three replicas share, and what there is counts on', async () => {
      await using program = await start({ SEEN_NEW_COUNTERS_PER_DAY: '20' });
      const day = new Date().getUTCDate();
      const flood = await askAll(program, names(200, 'flood'));
      expect(flood.replicas).toBe(3);
      expect(flood.count(200) + flood.count(429)).toBe(200);
      // Over midnight everybody is somebody new.
      if (new Date().getUTCDate() !== day) return;
      const quota = 20 + (await letThrough(program));
      expect(flood.count(200)).toBeWithin(20, quota + 1);
      const made = names(200, 'flood').filter((_, at) => flood.statuses[at] === 200);
      expect((await askAll(program, [...made, ...made, '/', '/'])).count(200)).toBe(2 * made.length + 2);
      expect((await askAll(program, names(5, 'another'), '192.0.2.2')).count(200)).toBe(5);
    });

    test('a flood of requests from one address does not keep another from counting', async () => {
      // One in 3 s comes back, so how many are answered depends little on how long this takes.
      await using program = await start({ SEEN_REQUESTS_PER_MINUTE: '20' });
      const began = performance.now();
      const flood = await askAll(
        program,
        Array.from({ length: 400 }, () => '/hit/some/page'),
      );
      const back = Math.ceil((performance.now() - began) / 3000);
      expect(flood.replicas).toBe(3);
      expect(flood.count(200) + flood.count(429)).toBe(400);
      expect(flood.count(200)).toBeGreaterThanOrEqual(20);
      // Over midnight everybody is somebody new.
      expect(flood.count(200)).toBeLessThanOrEqual(2 * 20 + back);
      if (flood.count(200) > 20 + back) return;
      let more = true;
      const flooding = load({
        url: program.url,
        clients: 8,
        keepAlive: true,
        path: '/hit/some/page',
        more: () => more,
      });
      for (let n = 0; n < 20; n++) {
        const answer = await ask(program, '/hit/some/page', '2001:db8::1');
        expect(answer.status).toBe(200);
        expect(await answer.json()).toEqual({ value: expect.any(Number) });
      }
      more = false;
      await flooding;
    });

    test('a forged X-Forwarded-For gets nobody around a limit', async () => {
      await using program = await start({
        SEEN_NEW_COUNTERS_PER_DAY: '3',
        SEEN_TRUSTED_PROXIES: '192.0.2.80',
      });
      const day = new Date().getUTCDate();
      const statuses: number[] = [];
      for (const [n, path] of names(20, 'forged').entries()) {
        statuses.push((await ask(program, path, `198.51.100.${n}, 192.0.2.80`)).status);
      }
      if (new Date().getUTCDate() !== day) return;
      expect(statuses.filter((status) => status === 200).length).toBeWithin(
        3,
        4 + (await letThrough(program)),
      );
    });
  });
}

test('without the quota a flood of new names ends at SEEN_COUNTERS_MAX, and what there is counts on', async () => {
  await using program = await Program.start({ SEEN_COUNTERS_MAX: '20' });
  expect((await ask(program, '/hit/some/page')).status).toBe(200);
  const flood = await askAll(program, names(200, 'flood'));
  expect(flood.count(503)).toBe(181);
  expect(
    (
      await askAll(
        program,
        Array.from({ length: 20 }, () => '/hit/some/page'),
      )
    ).count(200),
  ).toBe(20);
  expect((await askAll(program, ['/', '/'])).count(200)).toBe(2);
});

test('while Redis is away or silent the limiter turns nobody away, and then it limits again', async () => {
  await using redis = await RedisServer.start();
  await using program = await Program.start({
    SEEN_STORE_URL: redis.url,
    SEEN_TRUSTED_PROXIES: '127.0.0.1',
    SEEN_REQUESTS_PER_MINUTE: '1',
    SEEN_WAIT_MS: '1000',
    SEEN_STORE_TIMEOUT_MS: '500',
  });
  const four = ['/get/some/page', '/get/some/page', '/', '/'];
  for (const [address, strike, heal] of [
    ['192.0.2.1', () => redis.pause(), () => redis.resume()],
    ['192.0.2.2', () => redis.kill(), () => redis.start()],
  ] as const) {
    const before = await letThrough(program);
    await strike();
    // Nobody knows how often this address has asked. Reads and visits wait for the store, and are answered 503 as ever.
    expect((await askAll(program, four, address)).statuses).toEqual([503, 503, 503, 503]);
    expect(await letThrough(program)).toBe(before + 4);
    await heal();
    await until('it to answer', async () => (await ask(program, '/', `${address}0`)).status === 429);
    const { statuses } = await askAll(program, four, `${address}1`);
    expect(statuses).toContain(429);
  }
});
