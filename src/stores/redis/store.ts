/**
 * The Redis store, shared by all replicas: builds its parts on a single Redis or a Redis Cluster.
 *
 * Each part is a file beside this one, with its name in `contract/`. Not here: connections
 * (`connection.ts`, `cluster.ts`), the keys (`keys.ts`) and the scripts (`lua/`).
 */
import type { Store } from '../../contract/store.ts';
import { isClusterUrl } from '../../redis-url.ts';
import type { ServerPartOptions } from '../server.ts';
import { redisRisks } from './advice.ts';
import { RedisArchive } from './archive.ts';
import { RedisCluster } from './cluster.ts';
import { CLUSTER_SHARDS } from './cluster-slots.ts';
import { RedisConnection, type RedisOptions } from './connection.ts';
import { RedisCounting } from './counting.ts';
import { RedisHistory } from './history.ts';
import { RedisLimiter } from './limiter.ts';
import { RedisPresence } from './presence.ts';
import { RedisRegistry } from './registry.ts';
import { type RedisShards, singleShard } from './shards.ts';

export interface RedisStoreOptions extends RedisOptions, ServerPartOptions {}

/** Builds the store. It connects on first use, not here. */
export function createRedisStore(options: RedisStoreOptions): Store {
  const shards = isClusterUrl(options.url)
    ? new RedisCluster(options, CLUSTER_SHARDS)
    : singleShard(new RedisConnection(options));
  return storeOn(shards, options);
}

/** Builds the store on these shards. */
export function storeOn(shards: RedisShards, options: ServerPartOptions): Store {
  return {
    kind: 'redis',
    place: shards.place,
    counting: new RedisCounting(shards, options),
    registry: new RedisRegistry(shards, options),
    history: new RedisHistory(shards, options.now),
    limiter: new RedisLimiter(shards, options),
    presence: new RedisPresence(shards),
    archive: new RedisArchive(shards, options),
    risks: () => redisRisks(shards),
    close: async () => shards.close(),
  };
}
