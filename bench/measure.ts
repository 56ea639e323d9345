/**
 * A run of the bench: starts the services and measures them in turns, round by round, because the
 * machine is not quiet and compared figures must be taken within seconds of each other. Prints its
 * progress on the standard error. The loads: scenarios.ts; the results: results.ts.
 */
import { find } from '../test/support/programs.ts';
import { imageFiles } from './image.ts';
import { measureListeners } from './listeners.ts';
import { type Kind, load, makeCounters } from './load.ts';
import { commit, machine, versions } from './machine.ts';
import { median } from './median.ts';
import { memoryOf } from './memory.ts';
import { visitAtRate } from './open-loop.ts';
import type { AtRate, Results, Waits } from './results.ts';
import { COMPARED, CONNECTIONS, GET_ROOT, nameOf, SCENARIOS, type Scenario } from './scenarios.ts';
import type { Running, Service } from './services.ts';
import { firstVisitMs } from './starts.ts';
import { STORE_NAMES } from './stores.ts';

/** The options of a run. */
export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  /**
   * The time for which each service is loaded before the first round, so that its JavaScript is
   * compiled. Three replicas on Redis took 82 µs of CPU time per visit in the first 2 s, 61 to 66
   * in the 25 s after that, and 45 to 61 later; the minimal program took 26 to 30 all the time.
   */
  readonly warmSeconds: number;
  /** Only what has this text in its name is measured; empty: everything. */
  readonly only: string;
}

/** The rate, in visits per second, at which the latency of all services is measured. */
const SAME_FOR_ALL = 1000;
/** The length of the loads before the first round: each opens new connections. */
const WARM_ROUND_SECONDS = 2;
/** The number of listeners, on one counter and on as many counters. */
const LISTENERS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const say = (text: string) => process.stderr.write(`${text}\n`);

/**
 * Measures what is chosen. Everything that it starts is stopped at the end, also when it fails or
 * is ended by a signal.
 */
export async function measure({ rounds, seconds, warmSeconds, only }: Options): Promise<Results> {
  const chosen = (name: string) => name.includes(only);
  const results: Results = {
    startedAt: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    commit: await commit(),
    rounds,
    seconds,
    warmSeconds,
    notRun: [],
    loads: [],
    waits: [],
    memory: [],
    starts: [],
    listening: [],
    image: chosen('image') ? await imageFiles() : [],
  };
  for (const store of STORE_NAMES.filter((each) => chosen(`start on ${each}`))) {
    say(`start on ${store}`);
    const firstVisits: number[] = [];
    for (let round = 0; round < rounds; round++) firstVisits.push(await firstVisitMs(store));
    results.starts.push({ store, firstVisitMs: firstVisits });
  }
  await measureVisits(
    results,
    SCENARIOS.filter((scenario) => chosen(nameOf(scenario))),
  );
  for (const store of STORE_NAMES.filter((each) => chosen(`listeners on ${each}`))) {
    for (const counters of [1, LISTENERS]) {
      say(`listeners on ${store}, ${counters} counters`);
      results.listening.push(await measureListeners(store, LISTENERS, counters, 2 * seconds));
    }
  }
  return results;
}

async function measureVisits(results: Results, scenarios: readonly Scenario[]): Promise<void> {
  const running = new Map<Service, Running>();
  const starting: Promise<Running>[] = [];
  // A service that could not start has nothing to stop.
  const stopAll = () =>
    Promise.allSettled(starting.map((each) => each.then((there) => there[Symbol.asyncDispose]())));
  let ended = false;
  const onSignal = (signal: NodeJS.Signals) => {
    ended = true;
    void stopAll().finally(() => process.kill(process.pid, signal));
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    for (const service of new Set(scenarios.map((scenario) => scenario.service))) {
      const missing = service.needs.filter((program) => find(program) === null);
      if (missing.length > 0) {
        say(`not run: ${service.name}, missing: ${missing.join(', ')}`);
        results.notRun.push(`${service.name} (missing: ${missing.join(', ')})`);
      } else {
        if (ended) return;
        say(`start: ${service.name}`);
        const start = service.start();
        starting.push(start);
        const started = await start;
        running.set(service, started);
        const first = scenarios.find((each) => each.service === service && !each.kind.counters);
        const kind = first?.kind ?? { connections: CONNECTIONS };
        results.memory.push({ service: service.name, ...(await warm(started, kind, results)) });
      }
    }
    const turns = scenarios.filter(({ service }) => running.has(service));
    for (const { service, kind } of turns) {
      const there = running.get(service);
      if (there && (kind.counters ?? 0) > 1) await makeCounters(there, kind);
    }
    await takeTurns(results, turns, running);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await stopAll();
  }
}

/**
 * Loads a service before it is measured. Returns its memory at rest and during the first load,
 * whose connections may all be to the replica that listened first.
 */
async function warm(
  running: Running,
  kind: Kind,
  { warmSeconds }: Results,
): Promise<Pick<Results['memory'][number], 'rest' | 'loaded'>> {
  await Bun.sleep(1000);
  const rest = memoryOf(running.pids);
  const warming = load(running, kind, 3);
  await Bun.sleep(2500);
  const loaded = memoryOf(running.pids);
  await warming;
  for (let warmed = 0; warmed < warmSeconds; warmed += WARM_ROUND_SECONDS)
    await load(running, kind, WARM_ROUND_SECONDS);
  return { rest, loaded };
}

async function takeTurns(
  results: Results,
  turns: readonly Scenario[],
  running: ReadonlyMap<Service, Running>,
): Promise<void> {
  const measured = turns.map(({ service, route, kind }) => ({
    kind,
    there: running.get(service) as Running,
    loads: {
      service: service.name,
      route,
      connections: kind.connections,
      rounds: [] as Results['loads'][number]['rounds'],
    },
  }));
  results.loads.push(...measured.map(({ loads }) => loads));
  const compared = measured.filter(
    ({ loads }) => isBase(loads) && COMPARED.some(({ name }) => name === loads.service),
  );
  const waits = compared.map(({ loads, there }) => ({
    loads,
    there,
    found: emptyWaits(loads.service),
  }));
  results.waits.push(...waits.map(({ found }) => found));
  for (const { there, kind } of measured) await load(there, kind, 1);
  for (let round = 1; round <= results.rounds; round++) {
    // Every second round is in reverse, so that no load always comes after the same heavy one.
    for (const { there, kind, loads } of round % 2 === 1 ? measured : measured.toReversed()) {
      const figures = await load(there, kind, results.seconds);
      loads.rounds.push(figures);
      say(
        `round ${round}: ${loads.service}, ${loads.route}, ${loads.connections} connections: ${figures.cpuUsPerVisit.toFixed(1)} µs`,
      );
    }
    for (const { there, loads, found } of waits) {
      const peak = median(loads.rounds.map(({ visitsPerSecond }) => visitsPerSecond));
      found.sameForAll.push(await atRate(there, SAME_FOR_ALL, results.seconds));
      found.halfOfPeak.push(await atRate(there, peak / 2, results.seconds));
      found.slowestToMedian.push(await slowestOf100(there.url));
      say(
        `round ${round}: ${loads.service}, at half of its peak: p99 ${found.halfOfPeak.at(-1)?.p99Ms.toFixed(1)} ms`,
      );
    }
  }
}

const isBase = ({ route, connections }: Results['loads'][number]) =>
  route === GET_ROOT && connections === CONNECTIONS;

const emptyWaits = (service: string): Waits => ({
  service,
  sameForAll: [],
  halfOfPeak: [],
  slowestToMedian: [],
});

async function atRate({ url }: Running, perSecond: number, seconds: number): Promise<AtRate> {
  return { perSecond, ...(await visitAtRate(url, perSecond, seconds)) };
}

async function slowestOf100(url: string): Promise<number> {
  const tookMs: number[] = [];
  let left = 100;
  const visit = async () => {
    while (left-- > 0) {
      const startedAt = performance.now();
      await (await fetch(url, { keepalive: false })).text();
      tookMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all([visit(), visit(), visit()]);
  return Math.max(...tookMs) / median(tookMs);
}
