/** The promises on Redis. */
import { afterEach } from 'bun:test';
import { testPromises } from './on-store.ts';
import { cleanUp, onRedis } from './shared.ts';

afterEach(cleanUp);

testPromises('Redis', onRedis);
