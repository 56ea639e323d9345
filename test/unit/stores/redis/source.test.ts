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

  /** Makes a sorted set of so many members with the scores 1, 2, 3, … */
  const addMembers = (key: string, count: number) =>
    server.cli(
      'EVAL',
      `for at = 1, ARGV[1] do redis.call('ZADD', KEYS[1], at, KEYS[1] .. at) end`,
      '1',
      key,
      `${count}`,
    );
  /** Leaves few members, and reads one until Redis has moved them all to a smaller table. */
  const SHRINK = `
    redis.call('ZREMRANGEBYSCORE', KEYS[1], 301, 'inf')
    for _ = 1, 5000 do redis.call('ZSCORE', KEYS[1], KEYS[1] .. 1) end`;

  test('are read however long all of them take, when each step is in time', async () => {
    await server.cli('SET', 'long:site', '7');
    await addMembers('long:pages', 10_000);
    await addMembers('long:short', 2);
    await using proxy = await Proxy.start(server.port);
    // A step takes 0.2 s, and there are more than ten.
    proxy.fault = { delayMs: 100 };
    const source = new RedisSource({ url: proxy.url, ca: undefined, timeoutMs: 1500 });
    const numbers = await Array.fromAsync(source.numbers('long:*'));
    source.close();
    const of = (key: string) => numbers.filter((number) => number.key === key);
    expect(of('long:site')).toEqual([{ key: 'long:site', value: '7' }]);
    expect(of('long:short').map(({ value }) => value)).toEqual(['1', '2']);
    const sum = of('long:pages').reduce((all, { value }) => all + Number(value), 0);
    expect([of('long:pages').length, sum]).toEqual([10_000, 50_005_000]);
  });

  test('are read once each, although sorted sets shrink meanwhile', async () => {
    // In about a third of them a scan then returns a member again.
    for (let set = 0; set < 20; set++) await addMembers(`live:${set}`, 3000);
    const source = new RedisSource({ url: server.url, ca: undefined, timeoutMs: 20_000 });
    const shrunk = new Set<string>();
    const members: string[] = [];
    for await (const { key, member } of source.numbers('live:*')) {
      members.push(`${key} ${member}`);
      if (shrunk.has(key)) continue;
      shrunk.add(key);
      await server.cli('EVAL', SHRINK, '1', key);
    }
    source.close();
    expect(shrunk.size).toBe(20);
    expect(members.length).toBe(new Set(members).size);
  });
});
