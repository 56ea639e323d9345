/** Faults of a Redis and of the connection to it. */
import type { Proxy } from '../support/proxy.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { type Fault, forAWhile, fullDisk, kill, slowSyncs } from './fault.ts';
import type { Random } from './random.ts';

/** `folder` holds the data of the Redis, on a file system of its own. */
export function redisFaults(
  redis: RedisServer,
  proxy: Proxy,
  folder: string | undefined,
): Fault[] {
  const away = async (random: Random, signal: NodeJS.Signals) => {
    kill(redis.pid, signal);
    await redis.ended();
    const said = await forAWhile(random, 0, 2000);
    await redis.start();
    return said;
  };
  const onTheWay = (name: string, fault: (random: Random) => Proxy['fault']): Fault => ({
    name,
    inject: async (random) => {
      proxy.fault = fault(random);
      const said = await forAWhile(random, 300, 2500);
      proxy.fault = {};
      return said;
    },
  });
  const silent = (name: string, fault: Proxy['fault']): Fault => ({
    name,
    inject: async (random) => {
      proxy.fault = fault;
      const said = await forAWhile(random, 300, 4000);
      // What was swallowed is missing in the middle of a stream: such a connection never goes on.
      proxy.cutAll();
      proxy.fault = {};
      return said;
    },
  });
  const sometimes = (random: Random) => () => random.next() < 0.2;
  return [
    { name: 'kill -9 of Redis', inject: (random) => away(random, 'SIGKILL') },
    { name: 'restart of Redis', inject: (random) => away(random, 'SIGTERM') },
    {
      name: 'Redis stands still (SIGSTOP)',
      inject: async (random) => {
        redis.pause();
        const said = await forAWhile(random, 100, 4000);
        redis.resume();
        return said;
      },
    },
    {
      name: 'all connections cut',
      inject: async () => {
        proxy.cutAll();
        return undefined;
      },
    },
    onTheWay('requests cut off', (random) => ({ loseRequest: sometimes(random) })),
    onTheWay('answers cut off', (random) => ({ loseAnswer: sometimes(random) })),
    onTheWay('a slow way', (random) => ({ delayMs: random.between(5, 400) })),
    silent('requests vanish', { swallow: 'requests' }),
    silent('answers vanish', { swallow: 'answers' }),
    { name: 'slow syncs of Redis', inject: (random) => slowSyncs(redis.pid, random) },
    ...(folder === undefined
      ? []
      : [
          {
            name: 'full disk below Redis',
            inject: async (random: Random) => {
              const said = await fullDisk(folder, random);
              // With appendfsync always Redis ends when it cannot write.
              if (!(await redis.alive())) await redis.start();
              return said;
            },
          },
        ]),
  ];
}
