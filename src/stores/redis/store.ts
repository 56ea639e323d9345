/**
 * The Redis store, shared by all replicas: builds its parts on one connection.
 *
 * Each part is a file beside this one, with its name in `contract/`. Not here: the connection
 * (`connection.ts`), the keys (`keys.ts`) and the scripts (`lua/`).
 */
import type { Store } from '../../contract/store.ts';
import type { ServerPartOptions } from '../server.ts';
import { redisRisks } from './advice.ts';
import { RedisArchive } from './archive.ts';
import { RedisConnection, type RedisOptions } from './connection.ts';
import { RedisCounting } from './counting.ts';
import { RedisHistory } from './history.ts';
import { RedisLimiter } from './limiter.ts';
import { RedisPresence } from './presence.ts';
import { RedisRegistry } from './registry.ts';
import { RedisSpace } from './space.ts';

export interface RedisStoreOptions extends RedisOptions, ServerPartOptions {}

/** Builds the store. It connects on first use, not here. */
export function createRedisStore(options: RedisStoreOptions): Store {
  const connection = new RedisConnection(options);
  const space = new RedisSpace();
  return {
    kind: 'redis',
    place: connection.place,
    counting: new RedisCounting(connection, space, options),
    registry: new RedisRegistry(connection, space, options),
    history: new RedisHistory(connection, options.now),
    limiter: new RedisLimiter(connection, options),
    presence: new RedisPresence(connection),
    archive: new RedisArchive(connection, options),
    risks: () => redisRisks(connection),
    close: async () => connection.close(),
  };
}
