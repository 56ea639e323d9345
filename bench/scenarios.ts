/**
 * The loads of the bench, in their order. The base is the same for all services: `GET /` with 64
 * connections on three replicas. Each other load changes one thing: the route and the number of
 * counters, the connections, the replicas, or the sync. The minimal program goes with Seen, with
 * as many processes. All combinations would take hours.
 */
import { FLOOR } from './floor.ts';
import { LIMITED_SCENARIOS } from './limited.ts';
import type { Kind } from './load.ts';
import { NGINX, PEERS } from './peers.ts';
import { type Replicas, SEEN } from './seen.ts';
import type { Service } from './services.ts';
import { STORE_NAMES } from './stores.ts';

/** A load on a service. */
export interface Scenario {
  readonly service: Service;
  readonly route: string;
  readonly kind: Kind;
}

/** The number of connections of the base. */
export const CONNECTIONS = 64;
export const GET_ROOT = 'GET /';
const HIT = '/hit/bench/counter-%';

/** The loads with another path than the base. Counters are made before they are measured. */
export const ROUTES: readonly { readonly route: string; readonly kind: Kind }[] = [
  { route: '/hit, 1 counter', kind: { path: HIT, counters: 1, connections: CONNECTIONS } },
  { route: '/hit, 1,000 counters', kind: { path: HIT, counters: 1000, connections: CONNECTIONS } },
  {
    route: '/hit, 100,000 counters',
    kind: { path: HIT, counters: 100_000, connections: CONNECTIONS },
  },
  { route: 'badge', kind: { path: '/badge/bench/badge.svg', connections: CONNECTIONS } },
];
export const OTHER_CONNECTIONS: readonly number[] = [16, 512];

const base = (service: Service): Scenario => ({
  service,
  route: GET_ROOT,
  kind: { connections: CONNECTIONS },
});
const usual = STORE_NAMES.map((store) => SEEN[store].usual);
/** Seen and the minimal program with as many processes, on each store. */
const paired = (processes: Replicas) =>
  STORE_NAMES.flatMap((store) => [SEEN[store].replicas[processes], FLOOR[store][processes]]);
const syncedLater = STORE_NAMES.flatMap((store) => SEEN[store].syncedLater ?? []);

/** The services of the first table. */
export const COMPARED: readonly Service[] = [
  NGINX,
  ...STORE_NAMES.map((store) => FLOOR[store][3]),
  ...usual,
  ...PEERS,
];

/** All loads of a round. Those that are compared with each other are next to each other. */
export const SCENARIOS: readonly Scenario[] = [
  ...[NGINX, ...paired(3), ...paired(1), ...paired(2), ...syncedLater, ...PEERS].map(base),
  ...LIMITED_SCENARIOS,
  ...usual.flatMap((service) => ROUTES.map((varied) => ({ service, ...varied }))),
  ...[NGINX, ...paired(3), ...PEERS].flatMap((service) =>
    OTHER_CONNECTIONS.map((connections) => ({ service, route: GET_ROOT, kind: { connections } })),
  ),
];

/** The name of a scenario, for `--only` and for messages. */
export function nameOf({ service, route, kind }: Scenario): string {
  return `${service.name}: ${route}, ${kind.connections} connections`;
}
