/**
 * The tables of the bench's page, from its results: medians over rounds, ratios within the run.
 * The page around them: page.ts.
 */
import { FLOOR } from './floor.ts';
import { FROM_ADDRESSES, LIMITED } from './limited.ts';
import type { Listening } from './listeners.ts';
import { median } from './median.ts';
import { NGINX } from './peers.ts';
import type { AtRate, Loads, Results } from './results.ts';
import { COMPARED, CONNECTIONS, GET_ROOT, OTHER_CONNECTIONS, ROUTES } from './scenarios.ts';
import { REPLICAS, SEEN } from './seen.ts';
import { STORE_NAMES } from './stores.ts';

/** Medians of the rounds. */
export interface Cost {
  readonly cpuUs: number;
  readonly perSecond: number;
}

/** What a service's visits cost; `undefined` where it was not measured. */
export function costOf(
  results: Results,
  service: string,
  route = GET_ROOT,
  connections = CONNECTIONS,
): Cost | undefined {
  const found = results.loads.find(
    (loads) =>
      loads.service === service && loads.route === route && loads.connections === connections,
  );
  return found === undefined || found.rounds.length === 0 ? undefined : medians(found);
}

function medians({ rounds }: Loads): Cost {
  return {
    cpuUs: median(rounds.map(({ cpuUsPerVisit }) => cpuUsPerVisit)),
    perSecond: median(rounds.map(({ visitsPerSecond }) => visitsPerSecond)),
  };
}

/** A Markdown table; empty when there are fewer than `atLeast` rows. */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  atLeast = 1,
): string {
  if (rows.length < atLeast) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The least rows of a table that varies the base, which alone is in the first table already. */
const VARIED = 2;

const us = (value: number) => `${value.toFixed(1)} µs`;
const ratio = (value: number, to: number | undefined) =>
  to === undefined ? '–' : (value / to).toFixed(2);
const count = (value: number) => Math.round(value).toLocaleString('en');
const mib = (value: number) => `${value.toFixed(0)} MiB`;

function latency(rounds: readonly AtRate[]): string {
  if (median(rounds.map(({ answered }) => answered)) < 0.99) return 'does not keep up';
  const of = (key: 'p50Ms' | 'p99Ms') => median(rounds.map((round) => round[key])).toFixed(2);
  return `${of('p50Ms')} / ${of('p99Ms')} ms`;
}

/** By the name of Seen, and of the minimal program itself: the minimal program to compare with. */
const MINIMAL: ReadonlyMap<string, string> = new Map(
  STORE_NAMES.flatMap((store) =>
    REPLICAS.flatMap((processes) => {
      const { name } = FLOOR[store][processes];
      return [name, SEEN[store].replicas[processes].name].map(
        (service) => [service, name] as const,
      );
    }),
  ),
);

/** The CPU time of a service, and its ratio to that of the minimal program, for a table. */
function toMinimal(results: Results, service: string, connections = CONNECTIONS): string {
  const cost = costOf(results, service, GET_ROOT, connections);
  const minimal = costOf(results, MINIMAL.get(service) ?? '', GET_ROOT, connections);
  return cost === undefined ? '–' : ratio(cost.cpuUs, minimal?.cpuUs);
}

/** Compares the services. `minimal`: with the minimal program, and the ratios to it. */
export function comparedTable(results: Results, { minimal }: { minimal: boolean }): string {
  const nginx = costOf(results, NGINX.name)?.cpuUs;
  // Only the minimal program stands next to itself in `MINIMAL`.
  const compared = COMPARED.filter(({ name }) => minimal || MINIMAL.get(name) !== name);
  const rows = compared.flatMap(({ name }) => {
    const cost = costOf(results, name);
    const waits = results.waits.find(({ service }) => service === name);
    if (!cost || !waits) return [];
    return [
      [
        name,
        us(cost.cpuUs),
        ratio(cost.cpuUs, nginx),
        ...(minimal ? [toMinimal(results, name)] : []),
        count(cost.perSecond),
        latency(waits.halfOfPeak),
      ],
    ];
  });
  const visits = `visits/s, ${CONNECTIONS} connections`;
  const ratios = ['to nginx', ...(minimal ? ['to the minimal program'] : [])];
  return table(
    ['service', 'CPU time per visit', ...ratios, visits, 'p50 / p99 at half of that'],
    rows,
  );
}

/** How long visits take at rates, and how evenly they are served. */
export function latencyTable(results: Results): string {
  const rows = results.waits.map(({ service, sameForAll, halfOfPeak, slowestToMedian }) => [
    service,
    latency(sameForAll),
    count(median(halfOfPeak.map(({ perSecond }) => perSecond))),
    latency(halfOfPeak),
    median(halfOfPeak.map(({ generatorCores }) => generatorCores)).toFixed(2),
    median(slowestToMedian).toFixed(1),
  ]);
  const [same, half] = ['p50 / p99 at 1,000/s', 'p50 / p99 there'];
  return table(
    [
      'service',
      same,
      'half of its peak, visits/s',
      half,
      'cores of the generator',
      'slowest of 100 ÷ median',
    ],
    rows,
  );
}

/** What a request costs on each store. */
function costsOfSeen(results: Results, route: string, connections: number) {
  return STORE_NAMES.map((store) => costOf(results, SEEN[store].usual.name, route, connections));
}

/** One row for each of `values`, with what it costs on each store. */
function storesTable(
  results: Results,
  head: string,
  values: readonly (readonly [name: string, route: string, connections: number])[],
): string {
  const rows = values.flatMap(([name, route, connections]) => {
    const costs = costsOfSeen(results, route, connections);
    if (costs.every((cost) => cost === undefined)) return [];
    return [
      [
        name,
        ...costs.flatMap((cost) => (cost ? [us(cost.cpuUs), count(cost.perSecond)] : ['–', '–'])),
      ],
    ];
  });
  return table([head, ...STORE_NAMES.flatMap((store) => [store, 'visits/s'])], rows, VARIED);
}

/** The cost by route and by number of counters. */
export function routesTable(results: Results): string {
  const routes = [GET_ROOT, ...ROUTES.map(({ route }) => route)];
  return storesTable(
    results,
    'request',
    routes.map((route) => [route, route, CONNECTIONS] as const),
  );
}

/** All numbers of connections that are measured. */
export const ALL_CONNECTIONS = [...OTHER_CONNECTIONS, CONNECTIONS].toSorted((a, b) => a - b);

/** One row for each service, with two cells for each number of connections. */
function byConnections(
  results: Results,
  services: readonly string[],
  to: string,
  ratioOf: (service: string, connections: number) => string,
): string {
  const rows = services.flatMap((service) => {
    const cells = ALL_CONNECTIONS.map((connections) => {
      const cost = costOf(results, service, GET_ROOT, connections);
      return cost && [us(cost.cpuUs), ratioOf(service, connections)];
    });
    if (cells.every((cell) => cell === undefined)) return [];
    return [[service, ...cells.flatMap((cell) => cell ?? ['–', '–'])]];
  });
  const head = ALL_CONNECTIONS.flatMap((connections) => [`${connections} connections`, to]);
  return table(['service', ...head], rows, VARIED);
}

/** The cost of every service by number of connections, compared with nginx. */
export function connectionsTable(results: Results): string {
  const names = COMPARED.map(({ name }) => name);
  return byConnections(results, names, 'to nginx', (service, connections) => {
    const nginx = costOf(results, NGINX.name, GET_ROOT, connections)?.cpuUs;
    const cost = costOf(results, service, GET_ROOT, connections);
    return cost === undefined ? '–' : ratio(cost.cpuUs, nginx);
  });
}

/** The cost of Seen by replicas and connections, compared with the minimal program. */
export function minimalTable(results: Results): string {
  const names = STORE_NAMES.flatMap((store) =>
    REPLICAS.map((replicas) => SEEN[store].replicas[replicas].name),
  );
  return byConnections(results, names, 'to the minimal program', (service, connections) =>
    toMinimal(results, service, connections),
  );
}

/**
 * The cost with three replicas and with fewer, and with commits that are synced before their
 * answer or later, relative to the usual service on the same store.
 */
export function variantsTable(results: Results): string {
  const rows = Object.values(SEEN).flatMap(({ usual, replicas, syncedLater = usual }) => {
    const base = costOf(results, usual.name);
    const services = new Set([usual, replicas[2], replicas[1], syncedLater]);
    return [...services].flatMap(({ name }) => {
      const cost = costOf(results, name);
      if (!cost) return [];
      return [
        [
          name,
          us(cost.cpuUs),
          ratio(cost.cpuUs, base?.cpuUs),
          count(cost.perSecond),
          ratio(cost.perSecond, base?.perSecond),
        ],
      ];
    });
  });
  return table(
    ['service', 'CPU time per visit', 'to the default', 'visits/s', 'to the default'],
    rows,
    VARIED,
  );
}

/** The cost of a visit from one of many addresses, with and without a limit for each. */
export function limitedTable(results: Results): string {
  const rows = LIMITED.flatMap(({ store, ...services }) => {
    const [without, limited] = [services.without, services.limited].map(({ name }) =>
      costOf(results, name, FROM_ADDRESSES),
    );
    if (!without || !limited) return [];
    const costs = [us(without.cpuUs), us(limited.cpuUs), ratio(limited.cpuUs, without.cpuUs)];
    return [[`Seen on ${store}`, ...costs]];
  });
  return table(['service', 'without a limit', 'with it', 'ratio'], rows);
}

/** The memory of all processes of a service. */
export function memoryTable(results: Results): string {
  const rows = results.memory.map(({ service, rest, loaded }) => [
    service,
    `${rest.processes}`,
    ...[rest.pssMib, loaded.pssMib, rest.rssMib, loaded.rssMib].map(mib),
  ]);
  return table(
    ['service', 'processes', 'PSS at rest', 'PSS under load', 'RSS at rest', 'RSS under load'],
    rows,
  );
}

/** The time from `npm start` to the first visit. */
export function startsTable(results: Results): string {
  const rows = results.starts.map(({ store, firstVisitMs }) => [
    store,
    ...[median(firstVisitMs), Math.min(...firstVisitMs), Math.max(...firstVisitMs)].map(
      (ms) => `${count(ms)} ms`,
    ),
  ]);
  return table(['store', 'median', 'shortest', 'longest'], rows);
}

/** The files that the image adds to its base. */
export function imageTable(results: Results): string {
  return table(
    ['file', 'size'],
    results.image.map(({ file, bytes }) => [file, `${(bytes / 1024).toFixed(1)} KiB`]),
  );
}

const LISTENING = [
  'store',
  'listeners on counters',
  'memory a listener',
  'CPU a second, idle',
  'CPU a second, visited',
  'events a second',
  'received after',
];
/** The first two lines of the table of listeners; live.ts prints it line by line. */
export const LISTENING_HEAD = table(LISTENING, [[]]).split('\n').slice(0, 2).join('\n');

/** A row of the table of listeners. */
export function listeningRow(found: Listening): string {
  const {
    store,
    listeners,
    counters,
    memoryPerListenerKib,
    idleMs,
    visitedMs,
    eventsPerSecond,
    deliveredAfterMs,
  } = found;
  const cells = [
    store,
    `${count(listeners)} on ${count(counters)}`,
    `${memoryPerListenerKib.toFixed(1)} KiB`,
    `${idleMs.toFixed(0)} ms`,
    `${visitedMs.toFixed(0)} ms`,
    count(eventsPerSecond),
    `${deliveredAfterMs.toFixed(0)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The whole table of listeners. */
export function listeningTable(results: Results): string {
  return results.listening.length === 0
    ? ''
    : [LISTENING_HEAD, ...results.listening.map(listeningRow)].join('\n');
}
