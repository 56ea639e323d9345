/**
 * One process of `bench/scale.ts` with its share of the simulated replicas. Each replica is a
 * counter and a store with its own connection and writer, without HTTP. The process gets its task
 * as arguments, begins when its parent tells it to, and sends its parent a `Report`.
 */
import { CLOCK } from '../../src/commands/compose/counter.ts';
import type { Store } from '../../src/contract/store.ts';
import { Counter } from '../../src/counter/counter.ts';
import { openStore } from '../../src/stores/open.ts';
import { countersOf, Load, type Shape, Tally, visitorsOf } from './load.ts';

/** The task of a process. */
export interface Task {
  readonly url: string;
  readonly shape: Shape;
  readonly replicas: number;
  /** The index of the process: 0, 1, … */
  readonly place: number;
  /** How many clients each replica has; with a rate, none. */
  readonly clients: number;
  /** Visits per second of each replica; 0: as fast as its clients are answered. */
  readonly rate: number;
  /** How much each visit adds. */
  readonly amount: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

/**
 * The results of a process: `total` from its beginning to its end, the rest while it was measured.
 */
export interface Report {
  readonly total: { readonly answered: number; readonly checksum: number };
  readonly answered: number;
  readonly commits: number;
  /**
   * From the first sending of a batch to its answer, and from a visit to its number, in
   * milliseconds.
   */
  readonly commitMs: readonly number[];
  readonly waitedMs: readonly number[];
  /** CPU time of this process, in milliseconds. */
  readonly cpuMs: number;
  readonly seconds: number;
}

/** The visits of an open loop come in ticks, because timers cannot be shorter than this. */
const TICK_MS = 1;
/** The number of commits to keep, the last ones: enough for a p99. */
const COMMITS_KEPT = 20_000;

/** The most values of one kind that are sent to the parent. */
const SENT = 5000;

interface Commits {
  count: number;
  readonly ms: number[];
}

function rethrow(error: unknown): never {
  throw error;
}

async function newReplica(
  url: string,
  commits: Commits,
): Promise<{ store: Store; counter: Counter }> {
  const limits = {
    ca: undefined,
    timeoutMs: 30_000,
    keysMax: 0,
    visitorsMax: 100_000_000,
    hitsMake: true,
    countersMax: 1_000_000,
  };
  const store = await openStore({ url, missing: 'refuse', ...limits });
  const counter = new Counter({
    counting: store.counting,
    clock: CLOCK,
    newWriter: () => crypto.randomUUID(),
    waitMs: 60_000,
    waitingMax: Number.POSITIVE_INFINITY,
    observer: {
      committed: ({ seconds }) => {
        commits.ms[commits.count++ % COMMITS_KEPT] = seconds * 1000;
      },
      retrying: rethrow,
      late: () => undefined,
      broke: rethrow,
      writerForgotten: rethrow,
    },
  });
  return { store, counter };
}

/** At most `SENT` of the values, at equal distances. */
function thinned(values: readonly number[]): number[] {
  const step = Math.ceil(values.length / SENT);
  return values.filter((_, index) => index % step === 0);
}

/**
 * Visits in an open loop: at each tick each replica gets the visits that are due since the last
 * one. Returns a function that ends it.
 */
function tick(loads: readonly Load[], rate: number): () => void {
  const due = loads.map(() => Math.random());
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const more = (rate * (now - before)) / 1000;
    loads.forEach((load, index) => {
      let left = (due[index] ?? 0) + more;
      // Visits since the last tick count as made in the middle between the two.
      for (; left >= 1; left--) load.visit(false, (before + now) / 2);
      due[index] = left;
    });
    before = now;
  }, TICK_MS);
  return () => clearInterval(timer);
}

async function run(task: Task): Promise<Report> {
  const commits: Commits = { count: 0, ms: [] };
  const tally = new Tally();
  const replicas = await Promise.all(
    Array.from({ length: task.replicas }, () => newReplica(task.url, commits)),
  );
  const what = {
    names: countersOf(task.shape),
    visitors: visitorsOf(task.shape, task.place),
    amount: task.amount,
  };
  const loads = replicas.map(({ counter }) => new Load(counter, what, tally));
  await Promise.all(replicas.map(({ store }) => store.counting.ping()));
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  if (task.rate === 0) {
    for (const load of loads)
      for (let client = 0; client < task.clients; client++) load.visit(true);
  }
  const stop = task.rate > 0 ? tick(loads, task.rate) : () => {};
  await Bun.sleep(task.warmSeconds * 1000);
  const before = { answered: tally.answered, commits: commits.count, cpu: process.cpuUsage() };
  commits.ms.length = 0;
  tally.waitedMs.length = 0;
  const startedAt = performance.now();
  await Bun.sleep(task.seconds * 1000);
  const cpu = process.cpuUsage(before.cpu);
  const measured = {
    answered: tally.answered - before.answered,
    commits: commits.count - before.commits,
    commitMs: thinned(commits.ms),
    waitedMs: thinned(tally.waitedMs),
    cpuMs: (cpu.user + cpu.system) / 1000,
    seconds: (performance.now() - startedAt) / 1000,
  };
  stop();
  for (const load of loads) load.going = false;
  await Promise.all(replicas.map(({ counter }) => counter.drain()));
  // The last answers are handled in the next turn of the event loop.
  await CLOCK.turn();
  await Promise.all(replicas.map(({ store }) => store.close()));
  if (tally.failed) throw new Error('a visit failed', { cause: tally.failed });
  return { total: { answered: tally.answered, checksum: tally.checksum }, ...measured };
}

async function main(text: string | undefined): Promise<void> {
  // The parent ends this process when all processes have reported.
  process.send?.(await run(JSON.parse(text ?? '') as Task));
}

await main(process.argv[2]);
