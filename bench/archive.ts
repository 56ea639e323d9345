/**
 * Measures how long export and import of many counters take, and how much they slow down commits
 * at the same time: `bun bench/archive.ts`.
 *
 * Not part of `npm run bench`, whose tables are about visits.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counting } from '../src/contract/counting.ts';
import { createRedisStore } from '../src/stores/redis/store.ts';
import { createSqliteStore } from '../src/stores/sqlite/store.ts';
import { LIMITS } from '../test/contract/subject.ts';
import { temporaryFolder } from '../test/support/folder.ts';
import { ROOT } from '../test/support/program.ts';
import { RedisServer } from '../test/support/redis-server.ts';

const COUNTERS = 100_000;
/** The number of counters in a batch, as in a busy replica. */
const IN_A_BATCH = 50;
/** The pause between two commits. */
const PAUSE_MS = 2;

const nameOf = (index: number) => `many/page-${String(index).padStart(6, '0')}`;

/**
 * Commits one batch after the other, on counters far apart, until `work` is done. Returns the
 * times of the commits in milliseconds, sorted.
 */
async function whileCounting<T>(
  counting: Counting,
  work: () => Promise<T>,
): Promise<{ done: T; commitsMs: number[] }> {
  const writer = randomUUID();
  const commitsMs: number[] = [];
  const until = new AbortController();
  const commits = (async () => {
    for (let sequence = 1; !until.signal.aborted; sequence++) {
      const changes = Array.from({ length: IN_A_BATCH }, (_, index) => ({
        counter: nameOf((sequence * 7919 + index * 1999) % COUNTERS),
        amount: 1,
      }));
      const distinct = [...new Map(changes.map((change) => [change.counter, change])).values()];
      const startedAt = performance.now();
      await counting.commit({ writer, sequence, changes: distinct });
      commitsMs.push(performance.now() - startedAt);
      await Bun.sleep(PAUSE_MS);
    }
  })();
  const done = await work();
  until.abort();
  await commits;
  return { done, commitsMs: commitsMs.toSorted((a, b) => a - b) };
}

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
