/** A Redis for one test. */
import { createRedisStore } from '../../../src/stores/redis/store.ts';
import { LIMITS } from '../../contract/subject.ts';
import { RedisServer } from '../redis-server.ts';
import { type Database, DEFAULTS } from './database.ts';

/** The keys that Seen stores besides totals. */
const OTHER_KEYS = /^seen:(writer|names|salt|keys|once|counter|hours|days|visitors|uniques)(:|$)/;

export async function newRedis(): Promise<Database> {
  const server = await RedisServer.start();
  const { url } = server;
  const keys = async () => (await server.cli('KEYS', '*')).split('\n').filter(Boolean);
  return {
    url,
    server,
    open: (options) =>
      createRedisStore({ url, ca: undefined, ...LIMITS, ...DEFAULTS, ...options }),
    empty: async () => void (await server.cli('FLUSHALL')),
    counters: async () =>
      (await keys())
        .filter((key) => !OTHER_KEYS.test(key))
        .map((key) => key.replace(/^seen:total:/, '')),
    contents: async () => {
      const names = await keys();
      // Compressed text would not be found in it.
      await server.cli('CONFIG', 'SET', 'rdbcompression', 'no');
      const dumps = await Promise.all(names.map((key) => server.cli('DUMP', key)));
      return names.join() + dumps.join();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
