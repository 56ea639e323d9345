/**
 * `npx bun bench/live.ts`: what 5,000 listeners of one replica cost, on each store: while nothing happens, and while visits come.
 *
 * All of them watch one counter, or each one of 1,000. CPU time is that of Seen and its store; how late an event is counts from the answer to
 * the visit to the last listener that was told. Usage: npx bun bench/live.ts [--listeners 5000] [--seconds 10]
 */
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { until } from '../test/support/folder.ts';
import { Program } from '../test/support/program.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { cpuMs } from './cpu.ts';
import { median } from './median.ts';

const { values } = parseArgs({
  options: { listeners: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '10' } },
});
const [listeners, seconds] = [Number(values.listeners), Number(values.seconds)];
/** Visits a second: more than readings, so that each reading finds a new total. */
const VISITS_PER_SECOND = 20;
const COUNTERS = 1000;

/** One connection that listens, and how often it was told something. */
class Ear {
  told = 0;
  readonly #socket: Socket;

  constructor(port: number, counter: string) {
    this.#socket = connect(port, '127.0.0.1', () => {
      this.#socket.write(`GET /live?counters=${counter} HTTP/1.1\r\nHost: seen\r\n\r\n`);
    });
    this.#socket.on('data', (bytes) => {
      this.told += bytes.toString('latin1').split('\ndata: ').length - 1;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function measure(store: 'Redis' | 'SQLite', counters: number): Promise<string> {
  await using redis = await RedisServer.start();
  await using program = await Program.start({
    ...(store === 'Redis' ? { SEEN_STORE_URL: redis.url } : {}),
    SEEN_REPLICAS: '1',
    SEEN_CONNECTIONS_MAX: `${listeners + 1000}`,
    SEEN_SUBSCRIBERS_MAX: `${listeners}`,
  });
  const { port } = new URL(program.url);
  const names = Array.from({ length: counters }, (_, index) => `bench/counter-${index}`);
  const nameOf = (index: number) => names[index % counters] ?? '';
  for (const name of names) await program.visit(`/hit/${name}`);
  const pids = [program.process.pid, ...(store === 'Redis' ? [redis.pid] : [])];
  const memory = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${program.process.pid}/status`).text())?.[1]) / 1024;
  const before = await memory();
  const ears: Ear[] = [];
  for (let index = 0; index < listeners; index++) {
    ears.push(new Ear(Number(port), nameOf(index)));
    if (index % 100 === 99) await Bun.sleep(20);
  }
  const told = () => ears.reduce((sum, ear) => sum + ear.told, 0);
  await until('each to be told its total', () => ears.every((ear) => ear.told > 0), 60_000);
  const memoryEach = ((await memory()) - before) / listeners;

  let spent = cpuMs(pids);
  await Bun.sleep(seconds * 1000);
  const idleMs = (cpuMs(pids) - spent) / seconds;

  spent = cpuMs(pids);
  const toldBefore = told();
  const late: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const watching = ears.filter((_, index) => index % counters === 0);
    const each = watching.map((ear) => ear.told);
    for (let visit = 0; visit < VISITS_PER_SECOND; visit++) await program.visit(`/hit/${nameOf(0)}`);
    const answered = performance.now();
    await until('all to be told', () => watching.every((ear, index) => ear.told > (each[index] ?? 0)));
    late.push(performance.now() - answered);
    await Bun.sleep(Math.max(0, 1000 - (performance.now() - answered)));
  }
  const busyMs = (cpuMs(pids) - spent) / seconds;
  const events = (told() - toldBefore) / seconds;
  for (const ear of ears) ear.close();
  return `| ${store} | ${listeners} on ${counters} | ${(memoryEach * 1024).toFixed(1)} kB | ${idleMs.toFixed(0)} ms | ${busyMs.toFixed(0)} ms | ${events.toFixed(0)} | ${median(late).toFixed(0)} ms |`;
}

process.stdout.write(
  '| store | listeners on counters | memory a listener | CPU a second, idle | CPU a second, visited | events a second | told after |\n| --- | --- | --- | --- | --- | --- | --- |\n',
);
for (const store of ['Redis', 'SQLite'] as const) {
  for (const counters of [1, COUNTERS]) process.stdout.write(`${await measure(store, counters)}\n`);
}
