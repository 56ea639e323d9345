/**
 * One run of `bench/scale.ts`: starts a database server and simulated replicas in several
 * processes, collects their measurements, and checks the totals.
 *
 * A run that miscounts fails. Not here: the list of runs (`../scale.ts`), and the replicas
 * (`replicas.ts`).
 */
import { join } from 'node:path';
import { openStore } from '../../src/stores/open.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { cpuMs as cpuMsOf } from '../cpu.ts';
import type { DatabaseServer } from '../services.ts';
import { STORES, type StoreName } from '../stores.ts';
import { countersOf } from './load.ts';
import type { Report, Task } from './replicas.ts';

/** The plan of one run. */
export interface Plan
  extends Pick<Task, 'shape' | 'replicas' | 'clients' | 'amount' | 'warmSeconds' | 'seconds'> {
  /** A store that has a server. */
  readonly store: StoreName;
  readonly processes: number;
  /** Visits per second of all replicas together; 0: as fast as the clients are answered. */
  readonly rate: number;
}

/** The results of a run, per second unless a comment or a unit says otherwise. */
export interface Figures {
  readonly hits: number;
  readonly commits: number;
  readonly hitsPerCommit: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  /** The CPU time of all processes of the server, in cores. */
  readonly serverCores: number;
  /** The server's CPU time for a commit, in microseconds. */
  readonly serverUsPerCommit: number;
  /**
   * The duration of the script, as Redis reports it: wall-clock time, including waits for a core.
   * Undefined on other servers.
   */
  readonly scriptUsPerCommit: number | undefined;
  /** The server's CPU time for a hit, and the replicas', in microseconds. */
  readonly serverUsPerHit: number;
  readonly replicaUsPerHit: number;
}

/** The server's CPU time so far, and how often and how long the commit script ran in Redis. */
async function sampleOf(server: DatabaseServer) {
  const atMs = performance.now();
  const cpuUs = 1000 * cpuMsOf([server.pid]);
  if (!(server instanceof RedisServer)) return { atMs, cpuUs };
  const info = await server.cli('INFO', 'commandstats');
  const [, calls, us] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(info) ?? [];
  return { atMs, cpuUs, script: { calls: Number(calls ?? 0), us: Number(us ?? 0) } };
}

/**
 * Starts a process; `report` resolves when it has done its task. Fails if it ends without a
 * report.
 */
function start(task: Task) {
  const ready = Promise.withResolvers<void>();
  const report = Promise.withResolvers<Report>();
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'replicas.ts'), JSON.stringify(task)],
    {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      ipc: (message: 'ready' | Report) =>
        message === 'ready' ? ready.resolve() : report.resolve(message),
      onExit: (_, status) => {
        const error = new Error(`simulated replicas ended with status ${status}`);
        ready.reject(error);
        report.reject(error);
      },
    },
  );
  report.promise.catch(() => {});
  return { child, ready: ready.promise, report: report.promise };
}

/** Runs the plan. Fails when a hit fails, or when the totals differ from the answers. */
export async function experiment(plan: Plan): Promise<Figures> {
  await using server = await STORES[plan.store].startServer();
  if (!server) throw new Error(`${plan.store} has no server.`);
  const processes = Math.min(plan.processes, plan.replicas);
  const children = Array.from({ length: processes }, (_, place) => {
    const replicas =
      Math.floor(plan.replicas / processes) + (place < plan.replicas % processes ? 1 : 0);
    return start({ ...plan, url: server.url, place, replicas, rate: plan.rate / plan.replicas });
  });
  try {
    await Promise.all(children.map(({ ready }) => ready));
    for (const { child } of children) child.send('go');
    await Bun.sleep(plan.warmSeconds * 1000);
    const before = await sampleOf(server);
    await Bun.sleep(plan.seconds * 1000);
    const after = await sampleOf(server);
    const reports = await Promise.all(children.map(({ report }) => report));
    await verify(server, plan, reports);
    return figures(reports, plan.amount, before, after);
  } finally {
    for (const { child } of children) {
      child.kill();
      await child.exited;
    }
  }
}

/**
 * Checks that the store has as many hits as were answered, and, for one counter, that the numbers
 * were 1, 2, 3, …
 */
async function verify(
  server: DatabaseServer,
  { shape, amount }: Plan,
  reports: readonly Report[],
): Promise<void> {
  const limits = {
    ca: undefined,
    timeoutMs: 30_000,
    keysMax: 0,
    visitorsMax: 100_000_000,
    hitsMake: true,
    countersMax: 1_000_000,
  };
  const store = await openStore({ url: server.url, missing: 'refuse', ...limits });
  const names = countersOf(shape);
  let stored = 0;
  for (let from = 0; from < names.length; from += 1000) {
    for (const total of await store.counting.read(names.slice(from, from + 1000)))
      stored += total ?? 0;
  }
  await store.close();
  const answered = reports.reduce((sum, { total }) => sum + total.answered, 0);
  if (stored !== answered * amount) {
    throw new Error(`the store has ${stored} hits, and ${answered * amount} were answered`);
  }
  if (names.length > 1) return;
  const checksum = reports.reduce((sum, { total }) => (sum + total.checksum) | 0, 0);
  const all = BigInt(answered);
  const wanted = Number(BigInt.asIntN(32, (BigInt(amount) * all * (all + 1n)) / 2n));
  if (checksum !== wanted)
    throw new Error(`the numbers answered are not those of ${answered} visits, each once`);
}

type Sample = Awaited<ReturnType<typeof sampleOf>>;

function figures(
  reports: readonly Report[],
  amount: number,
  before: Sample,
  after: Sample,
): Figures {
  const sum = (of: (report: Report) => number) =>
    reports.reduce((all, report) => all + of(report), 0);
  const hits = sum(({ answered, seconds }) => (answered * amount) / seconds);
  const commits = sum((report) => report.commits / report.seconds);
  const commitMs = reports.flatMap((report) => report.commitMs).toSorted((a, b) => a - b);
  const waitedMs = reports.flatMap((report) => report.waitedMs).toSorted((a, b) => a - b);
  const at = (sorted: readonly number[], share: number) =>
    sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const serverCores = (after.cpuUs - before.cpuUs) / 1000 / (after.atMs - before.atMs);
  const [script, earlier] = [after.script, before.script];
  return {
    hits,
    commits,
    hitsPerCommit: hits / commits,
    commitP50Ms: at(commitMs, 0.5),
    commitP99Ms: at(commitMs, 0.99),
    waitP50Ms: at(waitedMs, 0.5),
    waitP99Ms: at(waitedMs, 0.99),
    serverCores,
    serverUsPerCommit: (serverCores * 1e6) / commits,
    scriptUsPerCommit:
      script && earlier && (script.us - earlier.us) / (script.calls - earlier.calls),
    serverUsPerHit: (serverCores * 1e6) / hits,
    replicaUsPerHit: (sum(({ cpuMs, seconds }) => cpuMs / seconds) * 1000) / hits,
  };
}
