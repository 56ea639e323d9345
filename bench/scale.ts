/**
 * `npx bun bench/scale.ts`: how many visits one Redis stores, with simulated replicas in growing number.
 *
 * A simulated replica is a counter and a store, without HTTP. Each run has a Redis of its own with `appendfsync always`, and fails when its totals
 * are not what was answered. Usage: npx bun bench/scale.ts [--shapes hot,visitors,counters] [--replicas 1,3,10,30,100,300,1000] [--clients 16]
 * [--rate 0] [--seconds 3] [--processes 2] [--plots FOLDER]. `--clients` are those of one replica; with `--rate`, visits per second of all, there
 * are none, and visits come whatever becomes of those before.
 */
import { parseArgs } from 'node:util';
import { experiment, type Figures, type Plan } from './scale/experiment.ts';
import { SHAPES, type Shape } from './scale/load.ts';

const NAMES: Readonly<Record<Shape, string>> = {
  hot: 'one counter, programs',
  visitors: 'one counter, visitors',
  counters: '100,000 counters, visitors',
};

const HEAD = [
  '| replicas | hits/s | commits/s | hits a commit | commit p50 / p99 | visit p50 / p99 | Redis, of a core | Redis a commit (script) | Redis a hit | replica a hit |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
].join('\n');

function row(replicas: number, figures: Figures): string {
  const { hits, commits, hitsPerCommit, commitP50Ms, commitP99Ms, waitP50Ms, waitP99Ms } = figures;
  const { redisCore, redisUsPerCommit, scriptUsPerCommit, redisUsPerHit, replicaUsPerHit } = figures;
  const cells = [
    `${replicas}`,
    `${Math.round(hits)}`,
    `${Math.round(commits)}`,
    hitsPerCommit.toFixed(1),
    `${commitP50Ms.toFixed(2)} / ${commitP99Ms.toFixed(2)} ms`,
    `${waitP50Ms.toFixed(2)} / ${waitP99Ms.toFixed(2)} ms`,
    `${Math.round(redisCore * 100)} %`,
    `${redisUsPerCommit.toFixed(0)} (${scriptUsPerCommit.toFixed(0)}) µs`,
    `${redisUsPerHit.toPrecision(2)} µs`,
    `${replicaUsPerHit.toPrecision(2)} µs`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function plansOf(args: readonly string[]): {
  shapes: Shape[];
  replicas: number[];
  plan: Omit<Plan, 'shape' | 'replicas'>;
} {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shapes: { type: 'string', default: SHAPES.join(',') },
      replicas: { type: 'string', default: '1,3,10,30,100,300,1000' },
      clients: { type: 'string', default: '16' },
      rate: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '3' },
      processes: { type: 'string', default: '2' },
    },
  });
  const seconds = Number(values.seconds);
  return {
    shapes: SHAPES.filter((shape) => values.shapes.split(',').includes(shape)),
    replicas: values.replicas.split(',').map(Number),
    plan: {
      clients: Number(values.clients),
      rate: Number(values.rate),
      seconds,
      // What is compiled while it runs is slow at first.
      warmSeconds: Math.max(1, seconds / 3),
      processes: Number(values.processes),
    },
  };
}

async function main(args: readonly string[]): Promise<void> {
  const { shapes, replicas, plan } = plansOf(args);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  for (const shape of shapes) {
    const load = plan.rate > 0 ? `${plan.rate} visits/s in all` : `${plan.clients} clients of each replica`;
    say(`\n${NAMES[shape]}, ${load}:\n\n${HEAD}`);
    for (const count of replicas) say(row(count, await experiment({ ...plan, shape, replicas: count })));
  }
}

await main(process.argv.slice(2));
