/** The promises while Redis is killed, silent, disconnected, unavailable or emptied. */
import { test } from 'bun:test';
import { expectNewBeginning, testServerFaults, testServerOutages } from './on-server.ts';
import { onRedis } from './shared.ts';

testServerFaults('Redis', onRedis, (on) => {
  test('after Redis was emptied counting begins again at 1, and every replica goes on', async () => {
    const { redis, program } = on();
    await expectNewBeginning(program, () => redis.cli('FLUSHALL'));
  });
});

testServerOutages('Redis', onRedis, 60_000);
