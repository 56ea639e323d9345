/** The promises while Redis is killed, silent, disconnected, unavailable or emptied. */
import { afterEach, describe, expect, test } from 'bun:test';
import { until } from '../../support/folder.ts';
import { type Evidence, exactly, load, loadEach } from '../../support/load.ts';
import { Program } from '../../support/program.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import {
  cleanUp,
  failuresOf,
  findingsOf,
  inOrder,
  mine,
  numbersOf,
  oneTo,
  onRedis,
  PATHS,
  totalOf,
} from './shared.ts';

afterEach(cleanUp);

describe('on Redis, when it fails', () => {
  /**
   * Loads each counter of the program while `mistreat` does its work; answers the evidence of
   * each.
   */
  async function underLoad(program: Program, mistreat: () => Promise<void>): Promise<Evidence[]> {
    let going = true;
    const { url } = program;
    const more = () => going;
    const keepAlive = loadEach({ url, clients: 32, keepAlive: true, more, pauseMs: 1 }, PATHS);
    const fresh = loadEach({ url, clients: 8, keepAlive: false, more, pauseMs: 5 }, PATHS);
    await Bun.sleep(300);
    await mistreat();
    going = false;
    const [one, two] = await Promise.all([keepAlive, fresh]);
    const merge = <K>(a: Map<K, number>, b: Map<K, number>) =>
      new Map([...a, ...[...b].map(([key, count]) => [key, count + (a.get(key) ?? 0)] as const)]);
    return PATHS.map((_, at) => ({
      numbers: [...one[at]!.numbers, ...two[at]!.numbers],
      refused: merge(one[at]!.refused, two[at]!.refused),
      failed: merge(one[at]!.failed, two[at]!.failed),
    }));
  }

  test('P3 durable: kill -9 of Redis under load loses no answered hit and gives no number twice', async () => {
    const { redis, program } = await onRedis();
    const evidence = await underLoad(program, async () => {
      for (let n = 0; n < 5; n++) {
        await redis.kill();
        await Bun.sleep(100);
        await redis.start();
        await Bun.sleep(500);
      }
    });
    expect(await findingsOf(program, evidence)).toEqual([]);
    expect(numbersOf(evidence)).toBeGreaterThan(1000);
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
  });

  test('P4 no double count: with connections cut at random in both directions every hit counts once', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    process.stdout.write(`seed ${seed} (TEST_SEED repeats it)\n`);
    const chance = random(seed);
    const { proxy, program } = await onRedis();
    const evidence = await underLoad(program, async () => {
      proxy.fault = { loseRequest: () => chance() < 0.01, loseAnswer: () => chance() < 0.01 };
      await Bun.sleep(8000);
      await until('connections to be cut', () => proxy.cuts > 20, 60_000);
      proxy.fault = {};
    });
    expect(proxy.cuts).toBeGreaterThan(20);
    // Each retry is answered in time, so nothing is refused, and the count is exact to the last
    // visit.
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
    for (const [at, path] of PATHS.entries()) {
      expect(inOrder(evidence[at]!.numbers)).toEqual(oneTo(await totalOf(program, path)));
    }
  });

  for (const [what, ms, strike, heal] of [
    [
      'stopped (SIGSTOP) for 5 s',
      5000,
      (redis: RedisServer) => redis.pause(),
      (redis: RedisServer) => redis.resume(),
    ],
    [
      'away for 60 s',
      60_000,
      (redis: RedisServer) => redis.kill(),
      (redis: RedisServer) => redis.start(),
    ],
  ] as const) {
    test(`P7 bounded: with Redis ${what}, visits wait, then get 503 with Retry-After, and recover by themselves`, async () => {
      const { redis, program } = await onRedis({ SEEN_WAIT_MS: '1500' });
      const replicas = await program.replicas();
      const evidence = await underLoad(program, async () => {
        await strike(redis);
        const refused = await fetch(program.url);
        expect(refused.status).toBe(503);
        expect(refused.headers.get('Retry-After')).toBe('1');
        const ready = await fetch(`${program.operationsUrl}/readyz`);
        expect(ready.status).toBe(503);
        expect((await fetch(`${program.operationsUrl}/healthz`)).status).toBe(200);
        // A replica that is late with its figures is left out of them.
        await until('it to be among the figures', async () =>
          (await (await fetch(`${program.operationsUrl}/metrics`)).text()).includes(
            'seen_store_up{replica="test-1"} 0',
          ),
        );
        await Bun.sleep(ms - 1500);
        await heal(redis);
        await until(
          'visits to be counted again',
          async () => (await fetch(program.url)).ok,
          10_000,
        );
        await Bun.sleep(500);
      });
      for (const { refused } of evidence) expect([...refused.keys()]).toEqual([503]);
      expect(failuresOf(evidence).failed).toEqual([]);
      expect(await program.replicas()).toEqual(replicas);
      // Those that asked from inside the test are visits too.
      const withOurs = evidence.map(({ refused, ...one }) => ({
        ...one,
        refused: new Map([[503, 200 + (refused.get(503) ?? 0)]]),
      }));
      expect(await findingsOf(program, withOurs)).toEqual([]);
      // Each replica says once that it began and once that it is over.
      const saidBy = (words: string) =>
        program.lines().flatMap(({ msg, replica }) => (msg.startsWith(words) ? replica : []));
      await until('it to be over', () => saidBy('the store answers again').length === 3);
      const each = ['test-1', 'test-2', 'test-3'];
      expect(saidBy('visits wait because the store fails: ').toSorted()).toEqual(each);
      expect(saidBy('the store answers again').toSorted()).toEqual(each);
      expect(program.lines().filter(({ replica }) => replica !== 'test')).toHaveLength(6);
    });
  }

  test('P1 unique: two Seens on one Redis, as on two machines, give 20,000 hits on each of two counters 20,000 numbers', async () => {
    const { redis, program } = await onRedis();
    const other = mine(await Program.start({ SEEN_STORE_URL: redis.url }));
    const all = await Promise.all(
      [program, other].map(({ url }) =>
        loadEach({ url, clients: 50, keepAlive: true, more: exactly(2 * 10_000) }, PATHS),
      ),
    );
    for (const at of [0, 1]) {
      expect(inOrder(all.flatMap((evidence) => evidence[at]!.numbers))).toEqual(oneTo(20_000));
    }
    expect(await redis.cli('MGET', 'hits', 'seen:total:some/page')).toBe('20000\n20000');
  });

  test('after Redis was emptied counting begins again at 1, and every replica goes on', async () => {
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
});

/** Numbers from 0 to 1 that a seed repeats (mulberry32, by T. Ettinger; public domain). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
