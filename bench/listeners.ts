/**
 * The cost of listeners on one replica, without visits and with them, for live.ts and a part of
 * `npm run bench`.
 *
 * All listeners watch one counter, or each watches one of several. CPU time includes the store.
 * The delay of an event is measured from the answer to the visit until the last listener has it.
 */
import { connect, type Socket } from 'node:net';
import { until } from '../test/support/folder.ts';
import { Program } from '../test/support/program.ts';
import { cpuMs } from './cpu.ts';
import { median } from './median.ts';
import { STORES, type StoreName } from './stores.ts';

/** The cost of a number of listeners. */
export interface Listening {
  readonly store: StoreName;
  readonly listeners: number;
  readonly counters: number;
  readonly memoryPerListenerKib: number;
  /** CPU time per second without visits, and with them. */
  readonly idleMs: number;
  readonly visitedMs: number;
  readonly eventsPerSecond: number;
  /** From the answer to a visit until the last listener has its event; the median. */
  readonly deliveredAfterMs: number;
}

/** Visits a second: more than reads of the store, so that each read finds a new total. */
const VISITS_PER_SECOND = 20;

/** One connection that listens, and the number of events that it has received. */
class StreamClient {
  events = 0;
  readonly #socket: Socket;

  constructor(port: number, counter: string) {
    this.#socket = connect(port, '127.0.0.1', () => {
      this.#socket.write(`GET /live?counters=${counter} HTTP/1.1\r\nHost: seen\r\n\r\n`);
    });
    this.#socket.on('data', (bytes) => {
      this.events += bytes.toString('latin1').split('\ndata: ').length - 1;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Starts Seen, has `listeners` listen to `counters` counters, and measures `seconds` without and
 * `seconds` with visits.
 */
export async function measureListeners(
  store: Listening['store'],
  listeners: number,
  counters: number,
  seconds: number,
): Promise<Listening> {
  await using server = await STORES[store].startServer();
  await using program = await Program.start({
    ...(server ? { SEEN_STORE_URL: server.url } : {}),
    SEEN_REPLICAS: '1',
    SEEN_CONNECTIONS_MAX: `${listeners + 1000}`,
    SEEN_SUBSCRIBERS_MAX: `${listeners}`,
    // All come from one address.
    SEEN_SUBSCRIBERS_PER_ADDRESS: '0',
    SEEN_NEW_COUNTERS_PER_DAY: '0',
  });
  const { port } = new URL(program.url);
  const names = Array.from({ length: counters }, (_, index) => `bench/counter-${index}`);
  const nameOf = (index: number) => names[index % counters] ?? '';
  for (const name of names) await program.visit(`/hit/${name}`);
  const pids = [program.process.pid, ...(server ? [server.pid] : [])];
  const memoryKib = async () =>
    Number(
      /VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${program.process.pid}/status`).text())?.[1],
    );
  const before = await memoryKib();
  const clients: StreamClient[] = [];
  for (let index = 0; index < listeners; index++) {
    clients.push(new StreamClient(Number(port), nameOf(index)));
    if (index % 100 === 99) await Bun.sleep(20);
  }
  const eventCount = () => clients.reduce((sum, client) => sum + client.events, 0);
  await until(
    'each to receive its total',
    () => clients.every((client) => client.events > 0),
    60_000,
  );
  const memoryPerListenerKib = ((await memoryKib()) - before) / listeners;

  let spent = cpuMs(pids);
  await Bun.sleep(seconds * 1000);
  const idleMs = (cpuMs(pids) - spent) / seconds;

  spent = cpuMs(pids);
  const eventsBefore = eventCount();
  const delaysMs: number[] = [];
  const began = performance.now();
  for (let second = 1; second <= seconds; second++) {
    const watching = clients.filter((_, index) => index % counters === 0);
    const each = watching.map((client) => client.events);
    for (let visit = 0; visit < VISITS_PER_SECOND; visit++)
      await program.visit(`/hit/${nameOf(0)}`);
    const answered = performance.now();
    await until('all to receive it', () =>
      watching.every((client, index) => client.events > (each[index] ?? 0)),
    );
    delaysMs.push(performance.now() - answered);
    await Bun.sleep(Math.max(0, began + second * 1000 - performance.now()));
  }
  const tookSeconds = (performance.now() - began) / 1000;
  const visitedMs = (cpuMs(pids) - spent) / tookSeconds;
  const eventsPerSecond = (eventCount() - eventsBefore) / tookSeconds;
  for (const client of clients) client.close();
  return {
    store,
    listeners,
    counters,
    memoryPerListenerKib,
    idleMs,
    visitedMs,
    eventsPerSecond,
    deliveredAfterMs: median(delaysMs),
  };
}
