/** The promises while Redis is killed, silent, disconnected, unavailable or emptied. */
import { expect, test } from 'bun:test';
import { exactly, load } from '../../support/load.ts';
import { testServerFaults, testServerOutages } from './on-server.ts';
import { inOrder, oneTo, onRedis } from './shared.ts';

testServerFaults('Redis', onRedis, (on) => {
  test('after Redis was emptied counting begins again at 1, and every replica goes on', async () => {
    const { redis, program } = on();
    await load({ url: program.url, clients: 20, keepAlive: false, more: exactly(100) });
    await redis.cli('FLUSHALL');
    const { numbers } = await load({
      url: program.url,
      clients: 20,
      keepAlive: false,
      more: exactly(100),
    });
    expect(inOrder(numbers)).toEqual(oneTo(100));
  });
});

testServerOutages('Redis', onRedis, 60_000);
