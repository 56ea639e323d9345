/** The promises while Redis is killed, silent, cut off, away or emptied. */
import { afterEach, expect, test } from 'bun:test';
import { exactly, load } from '../../support/load.ts';
import { testServerFaults } from './on-server.ts';
import { cleanUp, onRedis } from './shared.ts';

afterEach(cleanUp);

testServerFaults('Redis', onRedis, 60_000);

test('a Redis that was emptied begins again at 1, and every replica goes on', async () => {
  const { redis, program } = await onRedis();
  await load({ url: program.url, clients: 20, keepAlive: false, more: exactly(100) });
  await redis.cli('FLUSHALL');
  const evidence = await load({
    url: program.url,
    clients: 20,
    keepAlive: false,
    more: exactly(100),
  });
  expect(evidence.numbers.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
});
