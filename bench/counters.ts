/**
 * `npx bun bench/counters.ts`: the speed, CPU time and memory of twenty million hits on 100,000
 * counters, on each store.
 *
 * Counter and store as in a replica, but without HTTP: with so many requests at once, the load
 * generator would be measured. Few counters get most of the hits, and each hit is by one of a
 * million visitors. Usage: npx bun bench/counters.ts [--hits 20000000] [--counters 100000]
 * [--store Redis|SQLite]
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CLOCK } from '../src/commands/compose/counter.ts';
import type { Counting } from '../src/contract/counting.ts';
import { Counter } from '../src/counter/counter.ts';
import { visitorOf } from '../src/http/visit/visitors.ts';
import { openStore } from '../src/stores/open.ts';
import { temporaryFolder } from '../test/support/folder.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { cpuMs } from './cpu.ts';

const VISITORS = 1_000_000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
/** The number of hits that wait at once: enough for batches of the maximum size. */
const WAITING = 5000;

/** A store to measure. */
interface Subject extends AsyncDisposable {
  readonly counting: Counting;
  /** The processes whose CPU time is measured, including this one. */
  readonly pids: readonly number[];
  /** Memory of Redis, or the size of the file, in bytes. */
  size(): Promise<number>;
}

const LIMITS = {
  ca: undefined,
  timeoutMs: 10_000,
  keysMax: 0,
  visitorsMax: 100_000_000,
  hitsMake: true,
  countersMax: 10_000_000,
};

async function onRedis(): Promise<Subject> {
  const server = await RedisServer.start();
  const store = await openStore({ url: server.url, missing: 'make', ...LIMITS });
  return {
    counting: store.counting,
    pids: [process.pid, server.pid],
    size: async () => Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1]),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function onSqlite(): Promise<Subject> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'seen.db');
  const store = await openStore({ url: `sqlite:${path}`, missing: 'make', ...LIMITS });
  // Makes the file.
  await store.counting.ping();
  return {
    counting: store.counting,
    pids: [process.pid],
    size: async () => statSync(path).size + statSync(`${path}-wal`).size,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Makes `hits` hits, `WAITING` at once, on the counters that `choose` returns. */
async function drive({ counting, pids }: Subject, hits: number, choose: (hit: number) => string) {
  let commits = 0;
  const counter = new Counter({
    counting,
    clock: CLOCK,
    newWriter: () => crypto.randomUUID(),
    waitMs: 5_000,
    waitingMax: 2 * WAITING,
    observer: {
      committed: () => {
        commits++;
      },
      retrying: (error) => {
        throw error;
      },
      late: () => undefined,
      broke: (error) => {
        throw error;
      },
      writerForgotten: (error) => {
        throw error;
      },
    },
  });
  const [startedAt, startedCpuMs] = [performance.now(), cpuMs(pids)];
  let next = 0;
  const visit = async () => {
    for (let hit = next++; hit < hits; hit = next++) {
      const id = Math.floor(Math.random() * VISITORS);
      const visitor = visitorOf(
        `10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`,
        FIREFOX,
        'the salt of the day',
      );
      await counter.hit(choose(hit), { visitor });
    }
  };
  await Promise.all(Array.from({ length: WAITING }, visit));
  await counter.drain();
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    perSecond: Math.round(hits / seconds),
    cpuUsPerHit: ((cpuMs(pids) - startedCpuMs) * 1000) / hits,
    hitsPerCommit: hits / commits,
    seconds,
  };
}

const { values } = parseArgs({
  options: {
    hits: { type: 'string', default: '20000000' },
    counters: { type: 'string', default: '100000' },
    store: { type: 'string' },
  },
});
const [hits, counters] = [Number(values.hits), Number(values.counters)];
const say = (text: string) => process.stdout.write(`${text}\n`);

for (const [name, start] of [
  ['Redis', onRedis],
  ['SQLite', onSqlite],
] as const) {
  if (values.store !== undefined && values.store !== name) continue;
  await using subject = await start();
  const empty = await subject.size();
  const of = (number: number) => `bench/counter-${number}`;
  const report = async (
    what: string,
    { perSecond, cpuUsPerHit, hitsPerCommit, seconds }: Awaited<ReturnType<typeof drive>>,
  ) => {
    const each = Math.round(((await subject.size()) - empty) / counters);
    const mb = Math.round(process.memoryUsage.rss() / 1e6);
    say(
      `${name}, ${what}: ${perSecond} hits/s, ${cpuUsPerHit.toFixed(1)} µs of CPU time a hit, ${hitsPerCommit.toFixed(0)} hits a commit, ${seconds.toFixed(0)} s; ${each} bytes a counter, ${mb} MB here`,
    );
  };
  await report('each counter once', await drive(subject, counters, of));
  // A tenth of the counters get half of the hits.
  const popular = () => of(Math.floor(counters * Math.random() ** 3.32));
  await report(`${hits} hits`, await drive(subject, hits, popular));
  const totals = await sum(subject.counting, counters, of);
  if (totals !== hits + counters)
    throw new Error(`${name} has ${totals} of ${hits + counters} hits`);
  say(`${name}: all ${totals} hits are stored`);
}

async function sum(
  counting: Counting,
  count: number,
  of: (number: number) => string,
): Promise<number> {
  let total = 0;
  for (let from = 0; from < count; from += 1000) {
    const names = Array.from({ length: Math.min(1000, count - from) }, (_, index) =>
      of(from + index),
    );
    for (const value of await counting.read(names)) total += value ?? 0;
  }
  return total;
}
