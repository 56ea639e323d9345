/** A Redis user who lacks a right: nothing of a batch is written, and later it counts once. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { DAY_MS } from '../../../../src/contract/history.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import { createRedisStore } from '../../../../src/stores/redis/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { RedisServer } from '../../../support/redis-server.ts';

/** What a commit calls to write. */
const WRITES = ['DEL', 'HDEL', 'HINCRBY', 'HSET', 'PEXPIRE', 'PFADD', 'SET', 'ZADD', 'ZREM'];
const KEYS =
  'counter:* days:* hours:* kept:keys kept:visitors names once:* recent:* total:* ' +
  'uniques:* visitors:* writer:*';
/** The keys that a commit writes to, as patterns of an ACL. */
const WRITTEN = ['~hits', ...KEYS.split(' ').map((key) => `~seen:${key}`)];

interface Right {
  readonly taken: readonly string[];
  readonly given: readonly string[];
}
const RIGHTS: readonly Right[] = [
  ...WRITES.map((command) => ({ taken: [`-${command}`], given: [`+${command}`] })),
  // Reading stays, so that it is the writing that is refused.
  ...WRITTEN.map((key) => ({
    taken: ['resetkeys', '%R~*', ...WRITTEN.filter((other) => other !== key)],
    given: ['resetkeys', '~*'],
  })),
];

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const visitors = (id: string) => [{ id, kind: 'person', visits: 1 }] as const;

/** A line for each key that Redis keeps, with the hash of its value. */
const HASHES = `
local lines = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  lines[#lines + 1] = key .. ' ' .. redis.sha1hex(redis.call('DUMP', key))
end
return lines`;

/** All that Redis keeps. */
async function everything(): Promise<string[]> {
  // Redis keeps the last count of a HyperLogLog in it.
  await server.cli('PFCOUNT', 'seen:visitors:of/old');
  return (await server.cli('EVAL', HASHES, '0')).split('\n').toSorted();
}

test('with any one right missing nothing of a batch is written, and with all rights everything once', async () => {
  for (const { taken, given } of RIGHTS) {
    await server.cli('FLUSHALL');
    let now = Date.now() - 90 * DAY_MS;
    const store = createRedisStore({
      url: server.url,
      ca: undefined,
      timeoutMs: 20_000,
      now: () => now,
      ...LIMITS,
    });
    const rules = { ...RULES, windowMs: DAY_MS };
    await store.registry.create('of/old', { total: 0, madeAt: now, owner: 'x', rules });
    let sequence = 0;
    const visit = (id: string) => ({
      writer: 'w',
      sequence: ++sequence,
      changes: [{ counter: 'of/old', amount: 1, kinds: { person: 1 }, visitors: visitors(id) }],
    });
    // So that the batch begins a day, makes an old hour a day, and forgets a visitor.
    for (const days of [90, 40, 1]) {
      now = Date.now() - days * DAY_MS;
      await store.counting.commit(visit(`${days}`));
    }
    now = Date.now();
    const plain = visit('0');
    const once = { key: 'k', request: '1' };
    const batch = {
      ...plain,
      changes: [
        ...plain.changes,
        { counter: 'of/new', amount: 1, once },
        { counter: 'hits', amount: 1 },
      ],
    };
    const before = await everything();
    await server.cli('ACL', 'SETUSER', 'default', ...taken);
    const error = await store.counting.commit(batch).catch((reason: unknown) => reason);
    await server.cli('ACL', 'SETUSER', 'default', ...given);
    expect({ taken, error }).toMatchObject({
      taken,
      error: { code: 'store-unavailable', message: expect.stringContaining('NOPERM') },
    });
    expect({ taken, kept: await everything() }).toEqual({ taken, kept: before });
    const counted = { total: 4, private: false, counted: [true] };
    expect(await store.counting.commit(batch)).toEqual([counted, 1, 1]);
    expect(await store.counting.commit(batch)).toEqual([counted, 1, 1]);
    expect(await store.counting.read(['of/old', 'of/new', 'hits'])).toEqual([4, 1, 1]);
    await store.close();
  }
});
