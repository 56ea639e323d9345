/** The Redis store on a real Redis: the contract, and features of Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Archive } from '../../../../src/contract/archive.ts';
import type { Counting } from '../../../../src/contract/counting.ts';
import type { StoreLimits } from '../../../../src/contract/limits.ts';
import { PRESENCE_MEMORY_MS } from '../../../../src/contract/presence.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { isAppError } from '../../../../src/counter/errors.ts';
import { createRedisStore } from '../../../../src/stores/redis/store.ts';
import { testStoreContract } from '../../../contract/store-contract.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { freePort, temporaryFolder, until } from '../../../support/folder.ts';
import { Proxy } from '../../../support/proxy.ts';
import { RedisServer, SAFE } from '../../../support/redis-server.ts';

const open = (
  url: string,
  timeoutMs = 20_000,
  limits: Partial<StoreLimits> & { now?: () => number } = {},
) => createRedisStore({ url, ca: undefined, timeoutMs, now: Date.now, ...LIMITS, ...limits });
const hit = (writer: string, sequence: number, counter = 'hits') => ({
  writer,
  sequence,
  changes: [{ counter, amount: 1 }],
});

testStoreContract('Redis', async () => {
  const server = await RedisServer.start();
  return {
    readsOneMoment: false,
    open: (limits) => open(server.url, 20_000, limits),
    end: () => server[Symbol.asyncDispose](),
  };
});

describe('Redis store', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('continues the counter of the guide’s application, under its plain key', async () => {
    await server.cli('SET', 'hits', '41');
    const store = open(server.url);
    expect(await store.counting.commit(hit(randomUUID(), 1))).toEqual([42]);
    expect(await server.cli('GET', 'hits')).toBe('42');
    await store.close();
  });

  test('a batch is one round trip, and the script is loaded once', async () => {
    const store = open(server.url);
    const writer = randomUUID();
    await server.cli('SCRIPT', 'FLUSH');
    await server.cli('CONFIG', 'RESETSTAT');
    for (let sequence = 1; sequence <= 5; sequence++)
      await store.counting.commit(hit(writer, sequence));
    const stats = await server.cli('INFO', 'commandstats');
    const calls = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect({
      evalsha: calls('evalsha'),
      load: calls('script\\|load'),
      eval: calls('eval'),
    }).toEqual({
      evalsha: 6,
      load: 1,
      eval: 0,
    });
    await store.close();
  });

  test('forgets replicas that were silent for a minute, and all of them when none is left', async () => {
    const store = open(server.url);
    const report = { name: 'a', version: '1', startedAt: 1, hits: 0, state: 'ready' } as const;
    const lately = Date.now() - PRESENCE_MEMORY_MS + 5000;
    const before = Date.now() - PRESENCE_MEMORY_MS - 5000;
    await server.cli(
      'HSET',
      'seen:replicas',
      'kept',
      `${lately} ${JSON.stringify({ ...report, id: 'kept' })}`,
    );
    await server.cli(
      'HSET',
      'seen:replicas',
      'over',
      `${before} ${JSON.stringify({ ...report, id: 'over' })}`,
    );
    const heard = await store.presence.heartbeat({ ...report, id: 'own' });
    expect(heard.map(({ id }) => id).toSorted()).toEqual(['kept', 'own']);
    expect(await server.cli('HEXISTS', 'seen:replicas', 'over')).toBe('0');
    expect(Number(await server.cli('PTTL', 'seen:replicas'))).toBeGreaterThan(0);
    await store.close();
  });

  test('survives SCRIPT FLUSH between two batches', async () => {
    const store = open(server.url);
    const writer = randomUUID();
    const [first] = await store.counting.commit(hit(writer, 1));
    await server.cli('SCRIPT', 'FLUSH');
    expect(await store.counting.commit(hit(writer, 2))).toEqual([Number(first) + 1]);
    await store.close();
  });

  test('a total never expires; a writer that is silent is forgotten after a day', async () => {
    const store = open(server.url);
    const writer = randomUUID();
    await store.counting.commit({
      writer,
      sequence: 1,
      changes: [{ counter: 'some/name', amount: 1 }],
    });
    expect(await server.cli('TTL', 'seen:total:some/name')).toBe('-1');
    expect(await server.cli('TTL', 'hits')).toBe('-1');
    const day = Number(await server.cli('PTTL', `seen:writer:${writer}`));
    expect(day).toBeGreaterThan(23 * 3600_000);
    expect(day).toBeLessThanOrEqual(24 * 3600_000);
    await store.close();
  });

  test('the key of a request is forgotten after a day, and its space is free again', async () => {
    let now = Date.now();
    const store = createRedisStore({
      url: server.url,
      ca: undefined,
      timeoutMs: 20_000,
      ...LIMITS,
      keysMax: 2,
      now: () => now,
    });
    const writer = randomUUID();
    let sequence = 0;
    const ask = (key: string) =>
      store.counting.commit({
        writer,
        sequence: ++sequence,
        changes: [{ counter: 'of/keys', amount: 1, once: { key, request: '1' } }],
      });
    expect(await ask('first')).toEqual([1]);
    const day = Number(await server.cli('PTTL', 'seen:once:first'));
    expect(day).toBeGreaterThan(23 * 3600_000);
    expect(day).toBeLessThanOrEqual(24 * 3600_000);
    now += 12 * 3600_000;
    expect(await ask('second')).toEqual([2]);
    expect(await ask('third')).toEqual(['keys-full']);
    now += 12 * 3600_000;
    expect(await ask('third')).toEqual([3]);
    expect(await ask('fourth')).toEqual(['keys-full']);
    expect(await ask('second')).toEqual([2]);
    await server.cli('DEL', 'seen:once:first', 'seen:once:second', 'seen:once:third');
    await store.close();
  });

  test('visitors whose window is over make space for others, in whatever order visits arrive', async () => {
    let now = Date.now();
    const store = open(server.url, 20_000, { now: () => now, keysMax: 10_000, visitorsMax: 400 });
    const rules = { ...RULES, windowMs: 60_000 };
    const { counting, registry } = store;
    await registry.create('of/windows', { total: 0, madeAt: now, owner: 'x', rules });
    const writer = randomUUID();
    let sequence = 0;
    const visit = (round: number, keyed: boolean) =>
      counting.commit({
        writer,
        sequence: ++sequence,
        // A single visitor comes first: what is forgotten must not depend on the first change.
        changes: Array.from({ length: 60 }, (_, index) => ({
          counter: 'of/windows',
          amount: 1,
          ...(keyed || index > 0 ? { once: { key: `${sequence}-${index}`, request: '1' } } : {}),
          visitors: [{ id: `${round}-${index}`, kind: 'person' as const, visits: 1 }],
        })),
      });
    for (let round = 0; round < 6; round++) {
      const keyed = round % 2 === 0;
      const outcomes = await visit(round, keyed);
      const again = await visit(round, keyed);
      const countedIn = (all: typeof outcomes) =>
        all.filter((one) => typeof one === 'object' && one.counted?.[0]).length;
      expect({ round, first: countedIn(outcomes), again: countedIn(again) }).toEqual({
        round,
        first: 60,
        again: 0,
      });
      now += 61_000;
    }
    await store.close();
  });

  test('numbers are written without an exponent, and a counter’s expiry stays', async () => {
    const store = open(server.url);
    const writer = randomUUID();
    const add = (sequence: number, amount: number) =>
      store.counting.commit({ writer, sequence, changes: [{ counter: 'of/digits', amount }] });
    await add(1, 100_000_000);
    await server.cli('PEXPIRE', 'seen:total:of/digits', '100000');
    expect(await add(2, 900_000_000_000_000)).toEqual([900_000_100_000_000]);
    expect(await server.cli('GET', 'seen:total:of/digits')).toBe('900000100000000');
    expect(await server.cli('HVALS', 'seen:hours:of/digits')).toBe('900000100000000');
    expect(Number(await server.cli('PTTL', 'seen:total:of/digits'))).toBeGreaterThan(0);
    await store.close();
  });

  describe('visitors’ quotas', () => {
    const limit = { name: 'requests', quota: 60, windowMs: 3_600_000 };
    const remembered = async () =>
      (await server.cli('ZRANGE', 'seen:limits', '0', '-1')).split('\n').filter(Boolean);

    /** A store of which the test owns the time, and nobody remembered. */
    async function begin(limitedMax?: number) {
      await server.cli('DEL', 'seen:limits');
      const clock = { at: Date.now() };
      const store = open(server.url, 20_000, { now: () => clock.at, limitedMax });
      const take = (...visitors: string[]) =>
        store.limiter.take(visitors.map((who) => ({ who, limit })));
      return { clock, take, [Symbol.asyncDispose]: () => store.close() };
    }

    test('are one round trip for all, and each is forgotten when it is full again', async () => {
      await using own = await begin();
      await own.take('before');
      await server.cli('CONFIG', 'RESETSTAT');
      await own.take('once', 'twice', 'twice');
      expect(await server.cli('INFO', 'commandstats')).toMatch(/cmdstat_evalsha:calls=1,/);
      own.clock.at += 59_999;
      await own.take('late');
      expect((await remembered()).toSorted()).toEqual(
        ['before', 'late', 'once', 'twice'].map((who) => `requests:${who}`),
      );
      own.clock.at += 1;
      await own.take('later');
      expect((await remembered()).toSorted()).toEqual(
        ['late', 'later', 'twice'].map((who) => `requests:${who}`),
      );
      // All of them go when nobody asks any more.
      expect(Number(await server.cli('PTTL', 'seen:limits'))).toBeGreaterThan(0);
    });

    test('that were written with a clock far ahead are forgotten', async () => {
      await using own = await begin();
      own.clock.at += 3 * 86_400_000;
      await own.take('ahead');
      own.clock.at -= 3 * 86_400_000;
      await own.take('now');
      expect(await remembered()).toEqual(['requests:now']);
    });

    test('are not stored when memory is full, and expired ones are forgotten all the same', async () => {
      await using own = await begin();
      await own.take('over');
      own.clock.at += 59_000;
      await own.take('stays');
      own.clock.at += 1000;
      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      try {
        expect(
          isAppError(await own.take('newcomer', 'stays').catch((error: unknown) => error)),
        ).toBe(true);
        expect(await remembered()).toEqual(['requests:stays']);
      } finally {
        await server.cli('CONFIG', 'SET', 'maxmemory', '0');
      }
      expect(await own.take('newcomer', 'stays')).toMatchObject([
        { remaining: 59 },
        { remaining: 58 },
      ]);
    });

    test('replace other data under their key', async () => {
      await using own = await begin();
      for (const foreign of [
        ['SET', 'seen:limits', 'much'],
        ['LPUSH', 'seen:limits', 'x'],
      ]) {
        await server.cli('DEL', 'seen:limits');
        await server.cli(...foreign);
        expect(await own.take('one', 'two')).toMatchObject([{ remaining: 59 }, { remaining: 59 }]);
        expect(await own.take('one')).toMatchObject([{ remaining: 58 }]);
      }
    });
  });

  test('a key with other data is not changed, and the rest of the batch counts', async () => {
    await server.cli('SET', 'seen:total:odd/text', 'twelve');
    await server.cli('LPUSH', 'seen:total:odd/list', 'x');
    await server.cli('SET', 'seen:total:odd/huge', '9223372036854775807');
    const store = open(server.url);
    const names = ['odd/text', 'odd/list', 'odd/huge', 'odd/fine'];
    const outcomes = await store.counting.commit({
      writer: randomUUID(),
      sequence: 1,
      changes: names.map((counter) => ({ counter, amount: 1 })),
    });
    expect(outcomes).toEqual(['unreadable', 'unreadable', 'out-of-range', 1]);
    await server.cli('LPUSH', 'seen:once:odd', 'x');
    await server.cli('SET', 'seen:counter:odd/record', 'x');
    const keyed = {
      writer: randomUUID(),
      sequence: 1,
      changes: [
        { counter: 'odd/fine', amount: 3 },
        { counter: 'odd/fine', amount: 1, once: { key: 'odd', request: '1' } },
        { counter: 'odd/record', amount: 1 },
      ],
    };
    expect(await store.counting.commit(keyed)).toEqual([4, 'unreadable', 1]);
    expect(await store.counting.commit(keyed)).toEqual([4, 'unreadable', 1]);
    expect(await server.cli('GET', 'seen:total:odd/text')).toBe('twelve');
    expect(await server.cli('GET', 'seen:total:odd/huge')).toBe('9223372036854775807');
    await expect(store.counting.read(['odd/text'])).rejects.toMatchObject({
      code: 'counter-unreadable',
    });
    await expect(store.counting.read(['odd/huge'])).rejects.toMatchObject({
      code: 'counter-unreadable',
    });
    await store.close();
  });

  test('a lost request counts once after the retry, and so does one with a lost answer', async () => {
    await using proxy = await Proxy.start(server.port);
    const store = open(proxy.url);
    const writer = randomUUID();
    await store.counting.commit(hit(writer, 1, 'lost/both'));
    for (const [sequence, side] of [
      [2, 'loseRequest'],
      [3, 'loseAnswer'],
    ] as const) {
      proxy.fault = {
        [side]: (bytes: Buffer) => side === 'loseAnswer' || bytes.includes('EVALSHA'),
      };
      await expect(
        store.counting.commit(hit(writer, sequence, 'lost/both')),
      ).rejects.toMatchObject({
        code: 'hit-unconfirmed',
      });
      proxy.fault = {};
      expect(await store.counting.commit(hit(writer, sequence, 'lost/both'))).toEqual([sequence]);
    }
    expect(proxy.cuts).toBe(2);
    await store.close();
  });

  test('a silent server is abandoned after the deadline, and tried again on a new connection', async () => {
    const store = open(server.url, 200);
    const writer = randomUUID();
    // As a counter does: what is not confirmed in time is sent again as it was.
    const stored = async (sequence: number) => {
      let outcomes: unknown;
      await until('an answer within the deadline', async () => {
        outcomes = await store.counting.commit(hit(writer, sequence, 'silent/one'));
        return true;
      });
      return outcomes;
    };
    expect(await stored(1)).toEqual([1]);
    server.pause();
    await expect(store.counting.commit(hit(writer, 2, 'silent/one'))).rejects.toMatchObject({
      code: 'hit-unconfirmed',
    });
    await expect(store.counting.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    server.resume();
    expect(await stored(2)).toEqual([2]);
    await store.close();
  });

  test('what a ping writes is forgotten after a second', async () => {
    const keys = async () => (await server.cli('KEYS', '*')).split('\n');
    // What others have left here may end meanwhile.
    const before = new Set(await keys());
    const left = async () => (await keys()).filter((key) => !before.has(key));
    const store = open(server.url);
    await store.counting.ping();
    await until('it to be gone', async () => (await left()).length === 0);
    await store.close();
  });

  test('an unreachable server is reported as unreachable, without the password', async () => {
    const store = open('redis://me:secret@127.0.0.1:1');
    const error = await store.counting.ping().catch((reason: unknown) => reason);
    expect(isAppError(error, 'store-unavailable')).toBe(true);
    expect(String(error)).toContain('redis://127.0.0.1:1');
    expect(String(error)).not.toContain('secret');
    await store.close();
  });

  test('a server that is not Redis is refused', async () => {
    using web = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('I am a web server'),
    });
    const store = open(`redis://127.0.0.1:${web.port}`);
    await expect(store.counting.ping()).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('is not Redis'),
    });
    await store.close();
  });

  test('a full Redis refuses, nothing is counted twice, and counting continues when there is space', async () => {
    await using full = await RedisServer.start();
    const store = open(full.url);
    const writer = randomUUID();
    await store.counting.commit(hit(writer, 1));
    await full.cli('CONFIG', 'SET', 'maxmemory', '1');
    await expect(store.counting.commit(hit(writer, 2))).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    await full.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.counting.commit(hit(writer, 2))).toEqual([2]);
    await store.close();
  });
});

describe('Redis store: all counters', () => {
  const read = async (archive: Archive) => {
    const totals = new Map<string, number>();
    for await (const { counter, total } of archive.readAll()) totals.set(counter, total);
    return totals;
  };
  const fill = async (counting: Counting, count: number) =>
    counting.commit({
      writer: randomUUID(),
      sequence: 1,
      changes: Array.from({ length: count }, (_, index) => ({
        counter: `fill/${index}`,
        amount: 1,
      })),
    });

  test('can be read by several exports at once, and leave nothing in Redis', async () => {
    await using server = await RedisServer.start();
    const [first, second] = [open(server.url), open(server.url)];
    await fill(first.counting, 1000);
    const before = await server.cli('DBSIZE');
    const both = await Promise.all([read(first.archive), read(second.archive)]);
    expect(both.map(({ size }) => size)).toEqual([1000, 1000]);
    for await (const _ of first.archive.readAll()) break;
    expect(await server.cli('DBSIZE')).toBe(before);
    await first.close();
    await second.close();
  });

  test('include the counter of the guide’s application, which has no record, in its place', async () => {
    await using server = await RedisServer.start();
    await server.cli('SET', 'hits', '41');
    const store = open(server.url);
    expect(await read(store.archive)).toEqual(new Map([['hits', 41]]));
    await fill(store.counting, 2);
    await store.registry.create('zzz/last', { total: 1, madeAt: 1, owner: 'o' });
    expect([...(await read(store.archive)).keys()]).toEqual([
      'fill/0',
      'fill/1',
      'hits',
      'zzz/last',
    ]);
    await store.close();
  });

  test('omit nothing silently: a key with other data is named', async () => {
    await using server = await RedisServer.start();
    const store = open(server.url);
    await fill(store.counting, 2);
    for (const command of [
      ['SET', 'seen:total:fill/1', 'twelve'],
      ['SET', 'seen:total:fill/1', '9007199254740993'],
      ['LPUSH', 'seen:total:fill/1', 'x'],
    ]) {
      await server.cli('DEL', 'seen:total:fill/1');
      await server.cli(...command);
      await expect(read(store.archive)).rejects.toMatchObject({
        code: 'counter-unreadable',
        message: expect.stringContaining('seen:total:fill/1'),
      });
    }
    await store.close();
  });

  test('an import onto other data is reported, and does not change it', async () => {
    await using server = await RedisServer.start();
    const store = open(server.url);
    await server.cli('SET', 'seen:total:odd/text', 'twelve');
    await server.cli('SET', 'seen:total:odd/hours', '1');
    await server.cli('SET', 'seen:hours:odd/hours', 'x');
    const brought = (counter: string) => ({
      counter,
      total: 1,
      madeAt: undefined,
      owner: undefined,
      rules: RULES,
      past: {
        hours: [{ at: 1_000_000, kind: 'bot', amount: 1 } as const],
        days: [],
        visitors: new Map(),
      },
    });
    const both = [brought('odd/text'), brought('odd/hours')];
    expect(await store.archive.importAll(both, { source: 's', existing: 'add' })).toEqual([
      'unreadable',
      'unreadable',
    ]);
    expect(await server.cli('MGET', 'seen:total:odd/text', 'seen:total:odd/hours')).toBe(
      'twelve\n1',
    );
    expect(await store.archive.importAll(both, { source: 's', existing: 'replace' })).toEqual([
      'replaced',
      'replaced',
    ]);
    expect(await read(store.archive)).toEqual(
      new Map([
        ['odd/hours', 1],
        ['odd/text', 1],
      ]),
    );
    await store.close();
  });
});

describe('Redis store: what could lose counts', () => {
  const risksWith = async (settings: Record<string, string>) => {
    await using server = await RedisServer.start(settings);
    const store = open(server.url);
    const risks = await store.risks();
    await store.close();
    return risks;
  };

  test('the shipped settings have no risk', async () => {
    expect(await risksWith(SAFE)).toEqual([]);
  });

  test('each unsafe setting is named, with the right value', async () => {
    for (const [name, value, wanted] of [
      ['appendonly', 'no', 'yes'],
      ['appendfsync', 'everysec', 'always'],
      ['no-appendfsync-on-rewrite', 'yes', 'no'],
      ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
    ] as const) {
      const risks = await risksWith({ ...SAFE, [name]: value });
      expect(risks).toHaveLength(1);
      expect(risks[0]).toContain(`CONFIG SET ${name} ${wanted}`);
    }
  });

  test('a user without the right to look gets a message', async () => {
    await using server = await RedisServer.start();
    await server.cli('ACL', 'SETUSER', 'counting', 'on', '>pw', '~*', '+@all', '-config');
    const store = open(server.url.replace('//', '//counting:pw@'));
    const risks = await store.risks();
    expect(risks[0]).toContain('NOPERM');
    expect(risks[0]).toContain('appendfsync always');
    await store.close();
  });
});

describe('Redis store: what Redis refuses', () => {
  const toldBy = async (
    url: string,
    ask = (counting: Counting): Promise<unknown> => counting.ping(),
  ) => {
    const store = open(url);
    const error = await ask(store.counting).catch((reason: unknown) => reason);
    await store.close();
    return isAppError(error) ? `${error.code}: ${error.message}` : error;
  };

  test('temporary refusals are retried, others need a person, and each has advice', async () => {
    await using server = await RedisServer.start();
    const set = (name: string, value: string) => server.cli('CONFIG', 'SET', name, value);
    await set('maxmemory', '1');
    expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*OOM .*Raise maxmemory/);
    await set('maxmemory', '0');
    await set('min-replicas-to-write', '1');
    expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*NOREPLICAS .*lower it/);
    await set('min-replicas-to-write', '0');
    await server.cli('REPLICAOF', '127.0.0.1', '1');
    expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*READONLY .*the primary/);
    await set('replica-serve-stale-data', 'no');
    expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*MASTERDOWN .*the primary/);
    await set('replica-serve-stale-data', 'yes');
    await server.cli('REPLICAOF', 'NO', 'ONE');
    for (const right of ['evalsha', 'set']) {
      await server.cli('ACL', 'SETUSER', 'default', `-${right}`);
      expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*what the user may do/);
      await server.cli('ACL', 'SETUSER', 'default', `+${right}`);
    }
    expect(await toldBy(`${server.url}/99`)).toMatch(
      /^store-unusable: .*DB index .*database in SEEN_STORE_URL/,
    );
    await server.cli('SET', 'seen:counter:odd/one', 'text');
    await server.cli('SET', 'seen:total:odd/one', '1');
    const read = (counting: Counting) => counting.read(['odd/one']);
    expect(await toldBy(server.url, read)).toMatch(
      /^store-unusable: .*WRONGTYPE .*Another program/,
    );
    expect(await toldBy(server.url)).toBeUndefined();
  });

  test('without the commands that Seen needs Redis is not usable', async () => {
    await using server = await RedisServer.start({ ...SAFE, 'rename-command': 'EVALSHA ""' });
    expect(await toldBy(server.url)).toMatch(/^store-unusable: .*unknown command .*Redis 7\.0/);
  });

  test('a disk that accepts no snapshot: the message has advice', async () => {
    await using server = await RedisServer.start({ ...SAFE, dbfilename: 'gone.rdb' });
    await server.cli('CONFIG', 'SET', 'save', '3600 1');
    // Where its file should be is a folder.
    const [, folder = ''] = (await server.cli('CONFIG', 'GET', 'dir')).split('\n');
    mkdirSync(join(folder, 'gone.rdb'));
    await server.cli('BGSAVE');
    await until('it to fail', async () =>
      (await server.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    expect(await toldBy(server.url)).toMatch(/^store-unavailable: .*MISCONF .*Make room/);
  });

  test('frequent refusals do not open a new connection each', async () => {
    await using server = await RedisServer.start();
    const store = open(server.url);
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(await server.cli('INFO', 'stats'))?.[1]);
    await store.counting.ping();
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    const before = await connections();
    for (let n = 0; n < 200; n++) await store.counting.ping().catch(() => undefined);
    // One of them is redis-cli's.
    expect((await connections()) - before).toBeLessThan(20);
    await store.close();
  });
});

describe('Redis store: access', () => {
  test('user and password are used, and wrong ones are reported', async () => {
    await using server = await RedisServer.start({ ...SAFE, requirepass: 'right' });
    const good = open(server.url.replace('//', '//:right@'));
    expect(await good.counting.commit(hit(randomUUID(), 1))).toEqual([1]);
    expect(good.place).not.toContain('right');
    await good.close();
    for (const credentials of [':wrong@', '']) {
      const bad = open(server.url.replace('//', `//${credentials}`));
      const error = await bad.counting.ping().catch((reason: unknown) => reason);
      // Redis may learn the password in a moment.
      expect(isAppError(error, 'store-unavailable')).toBe(true);
      expect(String(error)).toContain('refuses Seen');
      expect(String(error)).not.toContain('wrong@');
      await bad.close();
    }
  });

  test('rediss:// is TLS: an untrusted server is refused, one with the given certificate is used', async () => {
    using folder = temporaryFolder();
    await Bun.$`
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=test"
      openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
      echo subjectAltName=DNS:localhost,IP:127.0.0.1 > names
      openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names
    `
      .cwd(folder.path)
      .quiet();
    const port = await freePort();
    await using server = await RedisServer.start({
      ...SAFE,
      'tls-port': `${port}`,
      'tls-auth-clients': 'no',
      'tls-ca-cert-file': join(folder.path, 'ca.crt'),
      'tls-cert-file': join(folder.path, 'server.crt'),
      'tls-key-file': join(folder.path, 'server.key'),
    });
    const url = `rediss://localhost:${port}`;
    const stranger = open(url);
    await expect(stranger.counting.ping()).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('certificate'),
    });
    await stranger.close();
    const ca = await Bun.file(join(folder.path, 'ca.crt')).text();
    const trusted = createRedisStore({ url, ca, timeoutMs: 20_000, ...LIMITS, now: Date.now });
    expect(await trusted.counting.commit(hit(randomUUID(), 1))).toEqual([1]);
    expect(await server.cli('GET', 'hits')).toBe('1');
    await trusted.close();
  });

  test('the database number of the URL is used', async () => {
    await using server = await RedisServer.start();
    const store = open(`${server.url}/3`);
    await store.counting.commit(hit(randomUUID(), 1));
    expect(await server.cli('-n', '3', 'GET', 'hits')).toBe('1');
    expect(await server.cli('GET', 'hits')).toBe('');
    await store.close();
  });
});
