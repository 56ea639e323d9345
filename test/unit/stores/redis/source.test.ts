/** Another Redis as the source of an import, on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { RedisSource } from '../../../../src/stores/redis/source.ts';
import { Proxy } from '../../../support/proxy.ts';
import { RedisServer } from '../../../support/redis-server.ts';

describe('numbers in another Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Makes a sorted set with members from `first` on, each with its number as the score. */
  const addMembers = (key: string, first: number, count: number) =>
    server.cli(
      'EVAL',
      `for at = tonumber(ARGV[1]), ARGV[1] + ARGV[2] - 1 do redis.call('ZADD', KEYS[1], at, 'page-' .. at) end`,
      '1',
      key,
      `${first}`,
      `${count}`,
    );
  async function numbersOf(source: RedisSource, pattern: string) {
    try {
      return await Array.fromAsync(source.numbers(pattern));
    } finally {
      source.close();
    }
  }

  test('are read however long all of them take, when each step is in time', async () => {
    await server.cli('SET', 'long:site', '7');
    await addMembers('long:pages', 1, 10_000);
    await addMembers('long:short', 1, 2);
    await using proxy = await Proxy.start(server.port);
    // A step takes 0.2 s, and there are more than ten.
    proxy.fault = { delayMs: 100 };
    const source = new RedisSource({ url: proxy.url, ca: undefined, timeoutMs: 1500 });
    const numbers = await numbersOf(source, 'long:*');
    const of = (key: string) => numbers.filter((number) => number.key === key);
    expect(of('long:site')).toEqual([{ key: 'long:site', value: '7' }]);
    expect(of('long:short').map(({ value }) => value)).toEqual(['1', '2']);
    const sum = of('long:pages').reduce((all, { value }) => all + Number(value), 0);
    expect([of('long:pages').length, sum]).toEqual([10_000, 50_005_000]);
  });

  test('are read once each, although the sorted set changes meanwhile', async () => {
    await addMembers('live:pages', 1, 20_000);
    const source = new RedisSource({ url: server.url, ca: undefined, timeoutMs: 20_000 });
    const members: (string | undefined)[] = [];
    for await (const { member } of source.numbers('live:*')) {
      members.push(member);
      // A smaller table, whose scan returns members again.
      if (members.length === 9000)
        await server.cli('ZREMRANGEBYSCORE', 'live:pages', '501', 'inf');
    }
    source.close();
    expect(members.length).toBe(new Set(members).size);
  });
});
