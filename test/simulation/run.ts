/**
 * Runs histories: `bun test/simulation/run.ts [--store none|sqlite|redis|postgres] [--seeds 10000]
 * [--first 1] [--before SEED,SEED] [--at-once 16] [--url URL] [SEED]`.
 *
 * `--before` names seeds whose histories run before the others. `--url` names an empty Redis, or
 * an empty database of PostgreSQL, and runs one history at a time. Without it a server is started.
 *
 * A single seed, as an argument or as `SEEN_SIMULATION_SEED`, runs only that history and prints
 * its events. Otherwise prints how often each event happened in all histories, or the first seed
 * that fails, with the command that repeats it; then the exit status is 1.
 */
import { parseArgs } from 'node:util';
import type { Database } from './database.ts';
import { runHistory } from './history.ts';

const STORES = ['none', 'sqlite', 'redis', 'postgres'] as const;
type StoreName = (typeof STORES)[number];

/** What a run needs besides seeds. */
interface Subject {
  /** As many histories are under way at once. */
  readonly databases: readonly (Database | undefined)[];
  readonly failed: () => Promise<ReadonlyMap<string, number>>;
  readonly end: () => Promise<void>;
}

/** Starts the store, with at most `atOnce` databases, or opens the one at `url`. */
async function start(store: StoreName, atOnce: number, url?: string): Promise<Subject> {
  if (store === 'redis') {
    const { openRedis, startRedis } = await import('./redis-database.ts');
    return url === undefined ? startRedis(atOnce) : openRedis(url, 1);
  }
  if (store === 'postgres') {
    const { openPostgres, startPostgres } = await import('./postgres-database.ts');
    return url === undefined ? startPostgres(atOnce) : openPostgres([url]);
  }
  if (store === 'sqlite') return (await import('./sqlite-database.ts')).startSqlite();
  return { databases: [undefined], failed: async () => new Map(), end: async () => undefined };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      store: { type: 'string', default: 'none' },
      seeds: { type: 'string', default: '10000' },
      first: { type: 'string', default: '1' },
      before: { type: 'string', default: '' },
      url: { type: 'string' },
      'at-once': { type: 'string', default: '16' },
    },
    allowPositionals: true,
  });
  const store = STORES.find((name) => name === values.store);
  const alone = positionals[0] ?? process.env['SEEN_SIMULATION_SEED'];
  const first = Number(alone ?? values.first);
  const end = first + (alone === undefined ? Number(values.seeds) : 1);
  const before = values.before.split(',').filter(Boolean).map(Number);
  const total = before.length + end - first;
  const atOnce = Math.min(Number(values['at-once']), total);
  if (store === undefined || ![first, end, atOnce, ...before].every(Number.isSafeInteger)) {
    say(
      `Give a seed, or --first, --seeds, --before and --at-once, which are whole numbers, and --store ${STORES.join(', ')}.`,
    );
    return 2;
  }
  const subject = await start(store, atOnce, values.url);
  const counts = new Map<string, number>();
  const failures = new Map<number, unknown>();
  let begun = 0;
  const startedAt = performance.now();
  const work = async (database: Database | undefined) => {
    while (begun < total && failures.size === 0) {
      const seed = before[begun] ?? first + begun - before.length;
      begun++;
      try {
        const happened = await runHistory(seed, database, alone === undefined ? undefined : say);
        for (const [what, times] of happened) counts.set(what, (counts.get(what) ?? 0) + times);
      } catch (error) {
        failures.set(seed, error);
      }
    }
  };
  await Promise.all(subject.databases.map(work));
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = await subject.failed();
  await subject.end();
  for (const what of [...counts.keys()].toSorted(byText)) say(`  ${what}: ${counts.get(what)}`);
  for (const what of [...failed.keys()].toSorted(byText))
    say(`  failed in ${what}: ${failed.get(what)}`);
  const [seed] = [...failures.keys()].toSorted((a, b) => a - b);
  if (seed === undefined) {
    say(`${begun} histories on ${store} in ${seconds.toFixed(1)} s: nothing is wrong`);
    return 0;
  }
  const error = failures.get(seed);
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  say(`Seed ${seed} fails. Again: npx bun test/simulation/run.ts --store ${store} ${seed}`);
  return 1;
}

process.exitCode = await main();
