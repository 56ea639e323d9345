/** The promises on Redis. */
import { testPromises } from './on-store.ts';
import { onRedis } from './shared.ts';

testPromises('Redis', onRedis);
