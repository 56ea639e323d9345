/** Limits of the started program: three replicas, every store, and malicious visitors. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { until } from '../support/folder.ts';
import { load } from '../support/load.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import type { Database } from '../support/stores/database.ts';
import { forEachStore } from '../support/stores/stores.ts';

/** Asks once. On a connection of its own, which any replica may get, unless `keepalive`. */
async function ask(
  program: Program,
  path: string,
  address = '192.0.2.1',
  key?: string,
  keepalive = false,
): Promise<Response> {
  const headers = {
    'X-Forwarded-For': address,
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  };
  return fetch(`${program.url}${path}`, { headers, keepalive });
}

/**
 * Asks for all of them, some at a time; answers the statuses in their order, and which replicas
 * answered. `kept` is a number of connections that are kept and reused, which takes less CPU time
 * than a new one for each request.
 */
async function askAll(
  program: Program,
  paths: readonly string[],
  address?: string,
  key?: string,
  kept?: number,
) {
  const statuses: number[] = [];
  const replicas = new Set<string>();
  let next = 0;
  const some = async () => {
    for (let at = next++; at < paths.length; at = next++) {
      const answer = await ask(
        program,
        paths[at] ?? '',
        address,
        key === undefined ? key : `${key}-${at}`,
        kept !== undefined,
      );
      statuses[at] = answer.status;
      replicas.add(answer.headers.get('X-Served-By') ?? '');
      await answer.text();
    }
  };
  await Promise.all(Array.from({ length: kept ?? 8 }, some));
  const count = (status: number) => statuses.filter((other) => other === status).length;
  return { statuses, count, replicas: replicas.size };
}

/**
 * How many the limiter let through so far because the store took too long: on a busy machine it
 * may.
 */
async function letThrough(program: Program, replicas = 3): Promise<number> {
  let each: number[] = [];
  // A replica that is late with its figures is left out of them.
  await until('the figures of all replicas', async () => {
    const figures = await (await fetch(`${program.operationsUrl}/metrics`)).text();
    each = [...figures.matchAll(/^seen_limiter_open_total\{.*\} (\d+)/gm)].map(([, count]) =>
      Number(count),
    );
    return each.length === replicas;
  });
  return each.reduce((sum, count) => sum + count, 0);
}

/**
 * Opens a stream of each, which stay open; answers their statuses, and how many are open still.
 */
async function listenTo(program: Program, paths: readonly string[], address: string) {
  const gone = new AbortController();
  const statuses: number[] = [];
  let open = 0;
  const readToEnd = async (response: Response) => {
    open++;
    await response.text().catch(() => '');
    open--;
  };
  for (const path of paths) {
    const headers = { 'X-Forwarded-For': address };
    // The connection of a stream that has ended would lead the next one to the same replica.
    const response = await fetch(`${program.url}${path}`, {
      headers,
      signal: gone.signal,
      keepalive: false,
    });
    statuses.push(response.status);
    void readToEnd(response);
  }
  return {
    open: () => open,
    count: (status: number) => statuses.filter((other) => other === status).length,
    [Symbol.asyncDispose]: async () => gone.abort(),
  };
}

const times = (count: number, path: string) => Array.from({ length: count }, () => path);
const names = (count: number, word: string) =>
  Array.from({ length: count }, (_, n) => `/hit/${word}/name-${n}`);

forEachStore((newDatabase) => {
  let database: Database;
  const start = (env: Record<string, string>) =>
    Program.start({
      SEEN_STORE_URL: database.url,
      SEEN_TRUSTED_PROXIES: '127.0.0.1',
      ...env,
    });

  // No test may depend on what another has used up.
  beforeEach(async () => {
    database = await newDatabase();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test('a flood of new counters is stopped by a quota that three replicas share, and existing counters count on', async () => {
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
    expect((await askAll(program, [...made, ...made, '/', '/'])).count(200)).toBe(
      2 * made.length + 2,
    );
    expect((await askAll(program, names(5, 'another'), '192.0.2.2')).count(200)).toBe(5);
  });

  test('by default one address can make 1,000 counters and use 5,000 keys, and another address still can', async () => {
    await using program = await start({});
    const day = new Date().getUTCDate();
    // So many connections that each replica has some.
    const flood = await askAll(program, names(1100, 'default'), '198.51.100.1', undefined, 32);
    const keyed = await askAll(program, times(5100, '/'), '198.51.100.1', 'flood', 32);
    expect([flood.replicas, keyed.replicas]).toEqual([3, 3]);
    const open = await letThrough(program);
    // Over midnight everybody is somebody new.
    if (new Date().getUTCDate() === day) {
      // One comes back in 86 s, and a key in 17 s.
      expect(flood.count(200)).toBeWithin(1000, 1000 + open + 10);
      expect(keyed.count(200)).toBeWithin(5000, 5000 + open + 60);
    }
    expect(flood.count(200) + flood.count(429)).toBe(1100);
    expect(keyed.count(200) + keyed.count(429)).toBe(5100);
    expect((await askAll(program, names(20, 'another'), '198.51.100.2')).count(200)).toBe(20);
    expect((await askAll(program, times(20, '/'), '198.51.100.2', 'another')).count(200)).toBe(20);
    expect(
      (await askAll(program, [...times(20, '/'), ...names(20, 'default')], '198.51.100.1')).count(
        200,
      ),
    ).toBe(40);
  });

  test('by default one address cannot use up the streams, and another can still listen', async () => {
    await using program = await start({ SEEN_REPLICAS: '1', SEEN_SUBSCRIBERS_MAX: '110' });
    const paths = Array.from({ length: 60 }, () => [
      '/live?counters=hits',
      '/abacus/stream/my-app/builds',
    ]).flat();
    await using flood = await listenTo(program, paths, '192.0.2.1');
    expect([flood.count(200), flood.count(429)]).toEqual([100, 20]);
    await using others = await listenTo(program, paths.slice(0, 10), '192.0.2.2');
    expect(others.count(200)).toBe(10);
    // The places of streams that end are free at once.
    await flood[Symbol.asyncDispose]();
    await until('places', async () => {
      await using again = await listenTo(program, paths.slice(0, 100), '192.0.2.1');
      return again.count(200) === 100;
    });
  });

  test('when addresses are hidden all clients share the quotas of counters and keys, and a new stream ends the oldest', async () => {
    await using program = await start({
      SEEN_ADDRESSES: 'hidden',
      SEEN_COUNTERS_MAX: '200',
      SEEN_KEYS_MAX: '50',
      SEEN_SUBSCRIBERS_MAX: '2',
      SEEN_SUBSCRIBERS_PER_ADDRESS: '1',
    });
    const warned = program
      .lines()
      .filter(({ level, msg }) => level === 'warn' && msg.includes('SEEN_ADDRESSES is hidden'));
    expect(warned.map(({ msg }) => msg)).toEqual([
      expect.stringContaining(
        'All clients together may make 20 new counters and 20 requests with an Idempotency-Key a day.',
      ),
    ]);
    const floods = await Promise.all(
      ['192.0.2.1', '192.0.2.2'].map((address, n) =>
        askAll(program, names(30, `flood-${n}`), address),
      ),
    );
    const made = floods.reduce((sum, { count }) => sum + count(200), 0);
    expect(made).toBeWithin(20, 21 + (await letThrough(program)));
    const open = await letThrough(program);
    const keyed = await Promise.all(
      ['192.0.2.1', '192.0.2.2'].map((address) =>
        askAll(program, times(30, '/'), address, address),
      ),
    );
    const counted = keyed.reduce((sum, { count }) => sum + count(200), 0);
    expect(counted).toBeWithin(20, 21 + (await letThrough(program)) - open);
    expect((await askAll(program, times(20, '/'), '192.0.2.1')).count(200)).toBe(20);
    await using streams = await listenTo(program, times(60, '/live?counters=hits'), '192.0.2.1');
    expect(streams.count(200)).toBe(60);
    await until('only two of each replica to be open', () => streams.open() === 6);
  });

  test('a flood of requests from one address does not prevent another from counting', async () => {
    // One in 3 s comes back, so how many are answered depends little on how long this takes.
    await using program = await start({ SEEN_REQUESTS_PER_MINUTE: '20' });
    const day = new Date().getUTCDate();
    const began = performance.now();
    const flood = await askAll(
      program,
      Array.from({ length: 400 }, () => '/hit/some/page'),
    );
    const back = Math.ceil((performance.now() - began) / 3000);
    // Over midnight everybody is somebody new.
    const quotas = new Date().getUTCDate() === day ? 1 : 2;
    expect(flood.replicas).toBe(3);
    expect(flood.count(200) + flood.count(429)).toBe(400);
    expect(flood.count(200)).toBeWithin(20, 20 * quotas + back + (await letThrough(program)) + 1);
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

  test('three replicas together exceed the limit on requests by no more than is documented', async () => {
    await using program = await start({ SEEN_REQUESTS_PER_MINUTE: '300' });
    const day = new Date().getUTCDate();
    const began = performance.now();
    const flood = await askAll(program, times(900, '/'));
    const refilled = Math.ceil(((performance.now() - began) * 300) / 60_000);
    const open = await letThrough(program);
    expect(flood.replicas).toBe(3);
    expect(flood.count(200) + flood.count(429)).toBe(900);
    // Over midnight everybody is somebody new.
    if (new Date().getUTCDate() !== day) return;
    // Of each replica five requests in a minute, twice.
    expect(flood.count(200)).toBeWithin(300 - 3 * 5, 300 + refilled + 3 * 2 * 5 + open + 1);
  });

  test('a forged X-Forwarded-For does not get around a limit', async () => {
    await using program = await start({
      SEEN_NEW_COUNTERS_PER_DAY: '3',
      SEEN_TRUSTED_PROXIES: '192.0.2.80',
      SEEN_REPLICAS: '1',
    });
    const day = new Date().getUTCDate();
    const statuses: number[] = [];
    for (const [n, path] of names(20, 'forged').entries()) {
      statuses.push((await ask(program, path, `198.51.100.${n}, 192.0.2.80`)).status);
    }
    if (new Date().getUTCDate() !== day) return;
    expect(statuses.filter((status) => status === 200).length).toBeWithin(
      3,
      4 + (await letThrough(program, 1)),
    );
  });
});

test('without the quota a flood of new counters ends at SEEN_COUNTERS_MAX, and existing counters count on', async () => {
  await using program = await Program.start({
    SEEN_COUNTERS_MAX: '20',
    SEEN_NEW_COUNTERS_PER_DAY: '0',
  });
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

test('an untrusted proxy is reported once, with the setting to change; an ordinary client is not', async () => {
  for (const [env, told] of [
    [{}, 1],
    [{ SEEN_TRUSTED_PROXIES: '127.0.0.1' }, 0],
    [{ SEEN_ADDRESSES: 'hidden' }, 0],
  ] as const) {
    await using program = await Program.start({ SEEN_REPLICAS: '1', ...env });
    for (let n = 0; n < 3; n++) expect((await ask(program, '/', '192.0.2.1')).status).toBe(200);
    expect((await ask(program, '/', 'no address')).status).toBe(200);
    await program.settled();
    const lines = program
      .lines()
      .filter(({ msg }) => msg.includes('SEEN_TRUSTED_PROXIES=127.0.0.1'));
    expect(lines.map(({ level }) => level)).toEqual(Array(told).fill('warn'));
  }
});

test('while Redis is unavailable the limiter refuses nobody, and afterwards it limits again', async () => {
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
    // Nobody knows how often this address has asked. Reads and visits wait for the store, and are
    // answered 503 as ever.
    expect((await askAll(program, four, address)).statuses).toEqual([503, 503, 503, 503]);
    expect(await letThrough(program)).toBe(before + 4);
    await heal();
    // Each replica finds out by itself that Redis is back; until then it turns nobody away.
    let tries = 0;
    await until('it to limit again', async () => {
      const { statuses } = await askAll(program, four, `${address}${tries++ % 50}`);
      return statuses.includes(429);
    });
  }
});
