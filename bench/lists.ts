/**
 * Measures how long the API's sorted lists of many counters take, and how much they slow down
 * commits at the same time: `bun bench/lists.ts`. Decision 18 has the figures.
 *
 * Not part of `npm run bench`, whose tables are about visits.
 */
import { join } from 'node:path';
import { DAY_MS } from '../src/contract/history.ts';
import { RULES } from '../src/contract/registry.ts';
import type { Store } from '../src/contract/store.ts';
import { type RankedQuery, rankedPage } from '../src/counter/ranking.ts';
import { createPostgresStore } from '../src/stores/postgres/store.ts';
import { createRedisStore } from '../src/stores/redis/store.ts';
import { createSqliteStore } from '../src/stores/sqlite/store.ts';
import { LIMITS } from '../test/contract/subject.ts';
import { temporaryFolder } from '../test/support/folder.ts';
import { PostgresServer } from '../test/support/postgres-server.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { COUNTERS, nameOf, whileCounting } from './while-counting.ts';

/** The hours of each counter with visits, two kinds in each. */
const HOURS = 10;
const MADE_AT_ONCE = 500;
const TODAY = Math.floor(Date.now() / DAY_MS);

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < COUNTERS; from += MADE_AT_ONCE) {
    const some = Array.from({ length: MADE_AT_ONCE }, (_, index) => ({
      counter: nameOf(from + index),
      total: (from + index) % 977,
      madeAt: 1_000_000 + ((from + index) % 991),
      owner: undefined,
      rules: RULES,
      past: {
        hours: Array.from({ length: HOURS }, (__, hour) => [
          { at: TODAY * 24 - hour * 3, kind: 'person' as const, amount: (from + index) % 13 },
          { at: TODAY * 24 - hour * 3, kind: 'bot' as const, amount: 1 },
        ]).flat(),
        days: [],
        visitors: new Map<number, number>(),
      },
    }));
    await store.archive.importAll(some, { source: 'bench', existing: 'keep' });
  }
}

/** The CPU time of a work in seconds: of this process, and of the server if that is known. */
async function cpuOf(work: () => Promise<unknown>, ofServer: () => Promise<number>) {
  const [own, server] = [process.cpuUsage(), await ofServer()];
  await work();
  const { user, system } = process.cpuUsage(own);
  return [(user + system) / 1e6, (await ofServer()) - server].map((some) => some.toFixed(2));
}

async function measure(
  name: string,
  store: Store,
  ofServer = async () => Number.NaN,
): Promise<void> {
  await fill(store);
  const query: RankedQuery = {
    search: '',
    sort: 'name',
    descending: true,
    after: undefined,
    days: 0,
    today: TODAY,
    limit: 100,
  };
  const page = (more: Partial<RankedQuery>) => () =>
    rankedPage(store, { ...query, ...more }, new AbortController().signal);
  for (const [what, work] of [
    ['nothing, for 3 s', () => Bun.sleep(3000)],
    ['sort=total', page({ sort: 'total' })],
    ['sort=today', page({ sort: 'today' })],
    ['sort=name, days=30', page({ descending: false, days: 30 })],
    ['sort=name, days=90', page({ descending: false, days: 90 })],
  ] as const) {
    const [own, server] = await cpuOf(work, ofServer);
    const startedAt = performance.now();
    const { commitsMs } = await whileCounting<unknown>(store.counting, work);
    const seconds = (performance.now() - startedAt) / 1000;
    const at = (share: number) =>
      (commitsMs[Math.ceil(commitsMs.length * share) - 1] ?? 0).toFixed(1);
    process.stdout.write(
      `${name.padEnd(10)} ${what.padEnd(20)} CPU ${own} s, of the server ${server} s; with commits ${seconds.toFixed(2)} s, commits ${commitsMs.length}: median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms\n`,
    );
  }
  await store.close();
}

async function main(): Promise<void> {
  using folder = temporaryFolder();
  const limits = { ...LIMITS, timeoutMs: 20_000, now: Date.now };
  const path = join(folder.path, 'seen.db');
  await measure('SQLite', createSqliteStore({ path, missing: 'make', ...limits }));
  await using redis = await RedisServer.start();
  const ofRedis = async () => {
    const told = await redis.cli('INFO', 'cpu');
    const part = (which: string) =>
      Number(new RegExp(`^used_cpu_${which}:([\\d.]+)`, 'm').exec(told)?.[1]);
    return part('user') + part('sys');
  };
  await measure('Redis', createRedisStore({ url: redis.url, ca: undefined, ...limits }), ofRedis);
  await using postgres = await PostgresServer.start();
  await measure(
    'PostgreSQL',
    createPostgresStore({ url: postgres.url, ca: undefined, ...limits }),
  );
}

await main();
