/** The minimal program on Redis: one script for each batch. */
import { createHash } from 'node:crypto';
import { createClient } from '@redis/client';
import { type FloorStore, thisHour } from './store.ts';

/** KEYS: the writer's record, `SEQUENCE TOTAL`. ARGV: the batch's number, its visits, the hour. */
const COMMIT = `
local last, total = string.match(redis.call('GET', KEYS[1]) or '0 0', '(%d+) (%d+)')
if last == ARGV[1] then return tonumber(total) end
if tonumber(last) ~= ARGV[1] - 1 then return redis.error_reply('SEQUENCE ' .. last) end
total = redis.call('INCRBY', 'hits', ARGV[2])
redis.call('HINCRBY', 'hours', ARGV[3], ARGV[2])
redis.call('SET', KEYS[1], string.format('%s %.0f', ARGV[1], total))
return total`;
const DIGEST = createHash('sha1').update(COMMIT).digest('hex');

/** Connects. What is durable when it answers is up to the server: `appendfsync always`. */
export async function openRedis(url: string, writer: string): Promise<FloorStore> {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: { reconnectStrategy: false },
  });
  // Without a listener the client throws its errors into the process. The commit fails as well.
  client.on('error', () => undefined);
  await client.connect();
  await client.scriptLoad(COMMIT);
  const key = `writer:${writer}`;
  return {
    commit: (sequence, visits) =>
      client.sendCommand<number>([
        'EVALSHA',
        DIGEST,
        '1',
        key,
        `${sequence}`,
        `${visits}`,
        `${thisHour()}`,
      ]),
    close: () => {
      if (client.isOpen) client.destroy();
    },
  };
}
