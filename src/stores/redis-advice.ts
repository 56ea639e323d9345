/** What could happen to counts in a Redis because of how it is set up. */
import { ErrorReply } from '@redis/client';
import { AppError } from '../counter/errors.ts';
import type { RedisConnection } from './redis-connection.ts';

/** How this Redis could lose counts: sentences that also say what to set. */
export async function redisRisks(connection: RedisConnection): Promise<readonly string[]> {
  let config: Record<string, string>;
  try {
    config = await connection.ask(async (client) => {
      const answers = await Promise.all(SAFE_SETTINGS.map(({ name }) => client.configGet(name)));
      return Object.assign({}, ...answers) as Record<string, string>;
    }, 'store-unavailable');
  } catch (error) {
    if (!(error instanceof AppError) || !(error.cause instanceof ErrorReply)) throw error;
    const wanted = SAFE_SETTINGS.map(({ name, value }) => `${name} ${value}`).join(', ');
    return [
      `Redis does not let this user read its configuration (${error.cause.message}), so whether it can lose counts is unknown. It should run with: ${wanted}.`,
    ];
  }
  return SAFE_SETTINGS.filter(({ name, value }) => config[name] !== undefined && config[name] !== value).map(
    ({ name, value, risk }) =>
      `Redis runs with ${name} ${config[name]}: ${risk}. Set it with: redis-cli CONFIG SET ${name} ${value}, and in redis.conf.`,
  );
}

/** What Redis must be set to so that it cannot lose or evict a count, and what happens otherwise. */
const SAFE_SETTINGS = [
  { name: 'appendonly', value: 'yes', risk: 'a crash loses every visit since the last snapshot' },
  { name: 'appendfsync', value: 'always', risk: 'a crash loses visits that were answered already' },
  {
    name: 'no-appendfsync-on-rewrite',
    value: 'no',
    risk: 'a crash during a rewrite loses visits that were answered already',
  },
  { name: 'maxmemory-policy', value: 'noeviction', risk: 'counters are evicted when memory is full' },
] as const;
