/** A Redis of a test's own. */
import { createRedisStore } from '../../../src/stores/redis/store.ts';
import { LIMITS } from '../../contract/subject.ts';
import { RedisServer } from '../redis-server.ts';
import { type Database, DEFAULTS } from './database.ts';

/** What Seen keeps besides totals. */
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
      const dumps = await Promise.all(names.map((key) => server.cli('DUMP', key)));
      return names.join() + dumps.join();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
