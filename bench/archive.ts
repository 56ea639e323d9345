/**
 * Measures how long export and import of many counters take, and how much they slow down commits
 * at the same time: `bun bench/archive.ts`.
 *
 * Not part of `npm run bench`, whose tables are about visits.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counting } from '../src/contract/counting.ts';
import { createRedisStore } from '../src/stores/redis/store.ts';
import { createSqliteStore } from '../src/stores/sqlite/store.ts';
import { LIMITS } from '../test/contract/subject.ts';
import { temporaryFolder } from '../test/support/folder.ts';
import { ROOT } from '../test/support/program.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { COUNTERS, nameOf, whileCounting } from './while-counting.ts';

async function measure(
  name: string,
  url: string,
  counting: Counting,
  folder: string,
): Promise<void> {
  const seen = async (...words: string[]) => {
    const startedAt = performance.now();
    const run = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), ...words], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', SEEN_STORE_URL: url },
      stdout: 'ignore',
      stderr: 'inherit',
    });
    if ((await run.exited) !== 0) throw new Error(`seen ${words.join(' ')} failed`);
    const memory = (run.resourceUsage()?.maxRSS ?? 0) / 2 ** 20;
    return `${((performance.now() - startedAt) / 1000).toFixed(1)} s, ${memory.toFixed(0)} MiB`;
  };
  const report = (what: string, { done, commitsMs }: { done: string; commitsMs: number[] }) => {
    const at = (share: number) =>
      (commitsMs[Math.ceil(commitsMs.length * share) - 1] ?? 0).toFixed(1);
    process.stdout.write(
      `${name}  ${what.padEnd(28)} ${done.padEnd(18)} commits ${commitsMs.length}, median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms\n`,
    );
  };
  report('import of a list', { done: await seen('import', 'list.csv', '--yes'), commitsMs: [] });
  report(
    'nothing, for 3 s',
    await whileCounting(counting, async () => Bun.sleep(3000).then(() => '')),
  );
  report('export, JSON Lines', await whileCounting(counting, () => seen('export', 'all.jsonl')));
  report('export, CSV', await whileCounting(counting, () => seen('export', 'all.csv')));
  report(
    'import, added to existing',
    await whileCounting(counting, () => seen('import', 'all.jsonl', '--existing', 'add', '--yes')),
  );
}

async function main(): Promise<void> {
  using folder = temporaryFolder();
  writeFileSync(
    join(folder.path, 'list.csv'),
    Array.from({ length: COUNTERS }, (_, index) => `${nameOf(index)},${index + 1}`).join('\n'),
  );
  const limits = { ...LIMITS, timeoutMs: 5000, now: Date.now };
  await using redis = await RedisServer.start();
  const inRedis = createRedisStore({ url: redis.url, ca: undefined, ...limits });
  await measure('Redis ', redis.url, inRedis.counting, folder.path);
  await inRedis.close();
  const path = join(folder.path, 'seen.db');
  const inSqlite = createSqliteStore({ path, missing: 'make', ...limits });
  await measure('SQLite', `sqlite:${path}`, inSqlite.counting, folder.path);
  await inSqlite.close();
}

await main();
