/**
 * `npx bun bench/cluster.ts`: the CPU time that a visit costs each primary, on a single Redis and
 * on Redis Clusters of one and three primaries, in turns.
 *
 * Three counters as in three replicas, but without HTTP, on 10,000 counters that are visited
 * equally often. All servers share this machine, so the share of each primary shows how far a
 * cluster can grow; the visits per second of separate machines are not measured.
 * Few visits at once make small batches, and many large ones, so both are measured.
 * Usage: npx bun bench/cluster.ts [--rounds 3] [--hits 200000] [--waiting 512,6000]
 */
import { parseArgs } from 'node:util';
import { CLOCK } from '../src/commands/compose/counter.ts';
import { createCounter, type HitCounter } from '../src/counter/sharded-counter.ts';
import { openStore } from '../src/stores/open.ts';
import { RedisClusterServers } from '../test/support/redis-cluster.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { cpuMs } from './cpu.ts';
import { median } from './median.ts';

const COUNTERS = 10_000;
const REPLICAS = 3;
const LIMITS = {
  ca: undefined,
  timeoutMs: 10_000,
  keysMax: 0,
  visitorsMax: 1_000_000,
  hitsMake: true,
  countersMax: 10_000_000,
};

/** What a round measured, in microseconds of CPU time per visit. */
interface Round {
  readonly primaries: readonly number[];
  readonly seen: number;
  readonly hitsPerCommit: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    hits: { type: 'string', default: '200000' },
    waiting: { type: 'string', default: '512,6000' },
  },
});
const [rounds, hits] = [Number(values.rounds), Number(values.hits)];
const waitings = values.waiting.split(',').map(Number);

/** Makes `hits` hits, `waiting` at once. */
async function measure(
  url: string,
  servers: readonly RedisServer[],
  waiting: number,
): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  let commits = 0;
  const fails = (error: unknown) => {
    throw error;
  };
  const counters: HitCounter[] = [];
  for (let replica = 0; replica < REPLICAS; replica++) {
    const store = await openStore({ url, missing: 'make', ...LIMITS });
    stack.defer(() => store.close());
    const observer = {
      committed: () => void commits++,
      retrying: fails,
      late: () => undefined,
      broke: fails,
      writerForgotten: fails,
    };
    counters.push(
      createCounter({
        counting: store.counting,
        clock: CLOCK,
        newWriter: () => crypto.randomUUID(),
        waitMs: 30_000,
        waitingMax: 2 * waiting,
        observerOf: () => observer,
      }),
    );
  }
  const run = async (count: number) => {
    let next = 0;
    const visit = async (client: number) => {
      for (let hit = next++; hit < count; hit = next++)
        await counters[client % REPLICAS]?.hit(`bench/counter-${hit % COUNTERS}`);
    };
    await Promise.all(Array.from({ length: waiting }, (_, client) => visit(client)));
  };
  // Makes the counters.
  await run(COUNTERS);
  commits = 0;
  const cpus = () => [process.pid, ...servers.map(({ pid }) => pid)].map((pid) => cpuMs([pid]));
  const [before, beforeSelf] = [cpus(), process.cpuUsage()];
  await run(hits);
  const after = cpus();
  const self = process.cpuUsage(beforeSelf);
  const used = after.map((ms, index) => ((ms - (before[index] ?? 0)) * 1000) / hits);
  return {
    primaries: used.slice(1),
    seen: (self.user + self.system) / hits,
    hitsPerCommit: hits / commits,
  };
}

await using stack = new AsyncDisposableStack();
const single = stack.use(await RedisServer.start());
const one = stack.use(await RedisClusterServers.start(1));
const three = stack.use(await RedisClusterServers.start(3));
const subjects = [
  ['a single Redis', single.url, [single]],
  ['a cluster of 1 primary', one.url, one.servers],
  ['a cluster of 3 primaries', three.url, three.servers],
] as const;
const results = new Map<string, Round[]>();
for (let round = 0; round < rounds; round++) {
  for (const waiting of waitings) {
    for (const [subject, url, servers] of subjects) {
      const name = `${waiting} visits at once on ${subject}`;
      const measured = await measure(url, servers, waiting);
      results.set(name, [...(results.get(name) ?? []), measured]);
    }
  }
}
const microseconds = (numbers: readonly number[]) => `${median(numbers).toFixed(1)} µs`;
for (const [name, all] of results) {
  const busiest = all.map(({ primaries }) => Math.max(...primaries));
  const together = all.map(({ primaries }) => primaries.reduce((sum, own) => sum + own, 0));
  process.stdout.write(
    `${name}: the busiest primary ${microseconds(busiest)} a visit, all primaries ` +
      `${microseconds(together)}, Seen ${microseconds(all.map(({ seen }) => seen))}; ` +
      `${median(all.map(({ hitsPerCommit }) => hitsPerCommit)).toFixed(1)} visits a commit\n`,
  );
}
