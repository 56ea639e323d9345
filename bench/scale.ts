/**
 * `npx bun bench/scale.ts`: how many visits one database server stores, with a growing number of
 * simulated replicas.
 *
 * A simulated replica is a counter and a store, without HTTP. Each run has its own server, which
 * syncs each commit, and fails when its totals differ from the answers. Usage: npx bun
 * bench/scale.ts [--store Redis|PostgreSQL] [--shapes hot,visitors,counters]
 * [--replicas 1,3,10,30,100,300,1000] [--clients 16] [--rate 0] [--amount 1] [--seconds 3]
 * [--warm 1] [--processes 2] [--plots FOLDER]. `--clients` is the number per replica. With
 * `--rate`, the visits per second of all replicas, there are no clients: visits arrive whether or
 * not earlier ones were answered. With `--amount` each hit adds so much, as if its replica had
 * gathered so many visits.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Line, linePlot } from './plot.ts';
import { experiment, type Figures, type Plan } from './scale/experiment.ts';
import { SHAPES, type Shape } from './scale/load.ts';
import type { StoreName } from './stores.ts';

const NAMES: Readonly<Record<Shape, string>> = {
  hot: 'one counter, programs',
  visitors: 'one counter, visitors',
  counters: '100,000 counters, visitors',
};

const SERVERS = ['Redis', 'PostgreSQL'] as const;

/** The first two lines of a table. */
function head(store: StoreName): string {
  const script = store === 'Redis' ? ' (script, by the clock)' : '';
  const sizes = 'replicas | hits/s | commits/s | hits a commit';
  const times = 'commit p50 / p99 | visit p50 / p99';
  const costs = `${store}, of a core | ${store} a commit${script} | ${store} a hit | replica a hit`;
  return `| ${sizes} | ${times} | ${costs} |\n|${' --- |'.repeat(10)}`;
}

function row(replicas: number, figures: Figures): string {
  const { hits, commits, hitsPerCommit, commitP50Ms, commitP99Ms, waitP50Ms, waitP99Ms } = figures;
  const { serverCores, serverUsPerCommit, scriptUsPerCommit, serverUsPerHit, replicaUsPerHit } =
    figures;
  const script = scriptUsPerCommit === undefined ? '' : ` (${scriptUsPerCommit.toFixed(0)})`;
  const cells = [
    `${replicas}`,
    `${Math.round(hits)}`,
    `${Math.round(commits)}`,
    hitsPerCommit.toFixed(1),
    `${commitP50Ms.toFixed(2)} / ${commitP99Ms.toFixed(2)} ms`,
    `${waitP50Ms.toFixed(2)} / ${waitP99Ms.toFixed(2)} ms`,
    `${Math.round(serverCores * 100)} %`,
    `${serverUsPerCommit.toFixed(0)}${script} µs`,
    `${serverUsPerHit.toPrecision(2)} µs`,
    `${replicaUsPerHit.toPrecision(2)} µs`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Writes plots of the figures over the number of replicas. */
function writePlots(
  folder: string,
  load: string,
  results: ReadonlyMap<string, ReadonlyMap<number, Figures>>,
): void {
  mkdirSync(folder, { recursive: true });
  const plot = (file: string, what: string, of: (figures: Figures) => number) => {
    const lines: Line[] = [...results].map(([name, runs]) => ({
      name,
      points: [...runs].map(
        ([replicas, figures]) => [replicas, Number(of(figures).toPrecision(3))] as const,
      ),
    }));
    const x = { name: 'replicas', log: true };
    writeFileSync(
      join(folder, file),
      linePlot(`${what}, ${load}`, x, { name: what, log: true }, lines),
    );
  };
  plot('commits.svg', 'commits per second', ({ commits }) => commits);
  plot('latency.svg', 'commit, p50, in ms', ({ commitP50Ms }) => commitP50Ms);
  plot(
    'server.svg',
    'CPU time of the server per commit, in µs',
    ({ serverUsPerCommit }) => serverUsPerCommit,
  );
}

function plansOf(args: readonly string[]): {
  plots: string | undefined;
  shapes: Shape[];
  replicas: number[];
  plan: Omit<Plan, 'shape' | 'replicas'>;
} {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: 'Redis' },
      shapes: { type: 'string', default: SHAPES.join(',') },
      replicas: { type: 'string', default: '1,3,10,30,100,300,1000' },
      clients: { type: 'string', default: '16' },
      rate: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '3' },
      // JavaScript is slow until it is compiled.
      warm: { type: 'string', default: '1' },
      processes: { type: 'string', default: '2' },
      amount: { type: 'string', default: '1' },
      plots: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  const store = SERVERS.find((each) => each === values.store);
  if (!store)
    throw new Error(`There is no server “${values.store}”. There are ${SERVERS.join(', ')}.`);
  const shapes = values.shapes.split(',').map((word) => {
    const shape = SHAPES.find((each) => each === word);
    if (!shape) throw new Error(`There is no shape “${word}”. There are ${SHAPES.join(', ')}.`);
    return shape;
  });
  return {
    plots: values.plots,
    shapes,
    replicas: values.replicas.split(',').map(Number),
    plan: {
      store,
      clients: Number(values.clients),
      rate: Number(values.rate),
      seconds,
      warmSeconds: Number(values.warm),
      processes: Number(values.processes),
      amount: Number(values.amount),
    },
  };
}

async function main(args: readonly string[]): Promise<void> {
  const { plots, shapes, replicas, plan } = plansOf(args);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const load =
    plan.rate > 0 ? `${plan.rate} visits/s in all` : `${plan.clients} clients of each replica`;
  const results = new Map<string, Map<number, Figures>>();
  for (const shape of shapes) {
    const runs = new Map<number, Figures>();
    results.set(NAMES[shape], runs);
    say(
      `\n${NAMES[shape]}, ${load}${plan.amount > 1 ? `, each visit for ${plan.amount}` : ''}:\n\n${head(plan.store)}`,
    );
    for (const count of replicas) {
      const figures = await experiment({ ...plan, shape, replicas: count });
      runs.set(count, figures);
      say(row(count, figures));
    }
  }
  say('\nAll totals are what was answered.');
  if (plots !== undefined) writePlots(plots, load, results);
}

await main(process.argv.slice(2));
