/**
 * Faults that last longer than every deadline. Meanwhile visits are refused, replicas are
 * replaced, and the store is not ready. Afterwards everything recovers by itself.
 */
import { Database } from 'bun:sqlite';
import { freePort, until } from '../support/folder.ts';
import type { Program } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { type Fault, forAWhile, fullDisk, kill } from './fault.ts';
import type { Random } from './random.ts';

/** A visit waits for 10 s, and a replica that is silent for 10 s is killed. */
export const LASTS_MS = [12_000, 20_000] as const;
/** A store that does not answer at all, for longer than two visits wait one after the other. */
export const HANGS_MS = [25_000, 30_000] as const;

/** Faults of replicas. */
export function longReplicaFaults(program: Program): Fault[] {
  return [
    {
      name: 'a replica stands still until it is killed (SIGSTOP)',
      inject: async (random) => {
        kill(random.one(await program.replicas()), 'SIGSTOP');
        return forAWhile(random, ...LASTS_MS);
      },
    },
    {
      name: 'a replica may open no file and no connection (RLIMIT_NOFILE)',
      inject: async (random) => {
        const replica = random.one(await program.replicas());
        // The soft limit alone, so that it can be raised again. What is open stays open.
        const limit = (files: string) => Bun.$`prlimit --pid ${replica} --nofile=${files}`.quiet();
        const before = (
          await Bun.$`prlimit --pid ${replica} --nofile -o SOFT --noheadings`
            .quiet()
            .nothrow()
            .text()
        ).trim();
        await limit('1:');
        const said = await forAWhile(random, ...LASTS_MS);
        await limit(`${before}:`);
        return said;
      },
    },
  ];
}

/** Faults of a Redis, which is the only one. */
export function longRedisFaults(redis: RedisServer): Fault[] {
  const changed = (name: string, fault: readonly string[], cure: readonly string[]): Fault => ({
    name,
    inject: async (random) => {
      await redis.cli(...fault);
      const said = await forAWhile(random, ...LASTS_MS);
      await redis.cli(...cure);
      return said;
    },
  });
  return [
    {
      name: 'Redis stands still for longer than visits wait (SIGSTOP)',
      inject: async (random) => {
        redis.pause();
        const said = await forAWhile(random, ...HANGS_MS);
        redis.resume();
        return said;
      },
    },
    changed(
      'Redis has no memory left (maxmemory)',
      ['CONFIG', 'SET', 'maxmemory', '1mb'],
      ['CONFIG', 'SET', 'maxmemory', SAFE.maxmemory],
    ),
    changed(
      'Seen loses its rights in Redis (NOPERM)',
      ['ACL', 'SETUSER', 'default', '-evalsha', '-eval'],
      ['ACL', 'SETUSER', 'default', '+evalsha', '+eval'],
    ),
    {
      name: 'failover, there and back, and the address leads to the old one (READONLY)',
      inject: (random) => failOver(redis, random),
    },
  ];
}

/**
 * Another Redis becomes the primary and this one its replica; for as long as that lasts it refuses
 * to write.
 */
async function failOver(redis: RedisServer, random: Random): Promise<string> {
  await using other = await RedisServer.start(SAFE, { port: await freePort() });
  const follows = (server: RedisServer) =>
    until('a replica to have all', async () =>
      (await server.cli('INFO', 'replication')).includes('master_link_status:up'),
    );
  await other.cli('REPLICAOF', redis.host, `${redis.port}`);
  await follows(other);
  await handOver(redis, other);
  await follows(redis);
  const said = await forAWhile(random, ...LASTS_MS);
  await handOver(other, redis);
  return said;
}

/** An ordered failover, which loses nothing (https://redis.io/docs/latest/commands/failover/). */
async function handOver(from: RedisServer, to: RedisServer): Promise<void> {
  await from.cli('FAILOVER', 'TO', to.host, `${to.port}`);
  await until('the other to be the primary', async () =>
    (await to.cli('INFO', 'replication')).includes('role:master'),
  );
}

/** Faults of a SQLite file; `folder` is on a file system of its own. */
export function longSqliteFaults(database: string, folder: string | undefined): Fault[] {
  return [
    {
      name: 'another program holds the lock for longer than visits wait',
      inject: async (random) => {
        using other = new Database(database);
        other.run('PRAGMA busy_timeout = 10000');
        other.run('BEGIN IMMEDIATE');
        const said = await forAWhile(random, ...HANGS_MS);
        other.run('ROLLBACK');
        return said;
      },
    },
    ...(folder === undefined
      ? []
      : [
          {
            name: 'full disk below the file, for longer than visits wait',
            inject: (random: Random) => fullDisk(folder, random, LASTS_MS),
          },
        ]),
  ];
}
