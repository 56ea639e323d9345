/**
 * The plots of the bench's page, from its results. Tables with the same figures: page-tables.ts.
 */
import { ALL_CONNECTIONS, costOf } from './page-tables.ts';
import { NGINX } from './peers.ts';
import { barPlot, linePlot } from './plot.ts';
import type { Results } from './results.ts';
import { COMPARED, CONNECTIONS, GET_ROOT, ROUTES } from './scenarios.ts';
import { SEEN } from './seen.ts';

/** A plot: the name of its file without a folder, what it shows in a sentence, and the SVG. */
export interface Plot {
  readonly file: string;
  readonly shows: string;
  readonly svg: string;
}

const NAMES = Object.values(SEEN).map(({ usual }) => usual.name);
const CPU = { name: 'µs of CPU time per visit' };

/** CPU time of a visit to each service; `undefined` where nothing was measured. */
export function servicesPlot(results: Results): Plot | undefined {
  const bars = COMPARED.flatMap(({ name }) => {
    const cost = costOf(results, name);
    return cost ? [[name, cost.cpuUs] as const] : [];
  });
  if (bars.length === 0) return undefined;
  const shows = 'CPU time per visit of each service, its store included';
  return { file: 'services.svg', shows, svg: barPlot(shows, CPU, bars) };
}

/** CPU time of a visit to Seen, by route and store; `undefined` where nothing was measured. */
export function routesPlot(results: Results): Plot | undefined {
  const bars = [GET_ROOT, ...ROUTES.map(({ route }) => route)].flatMap((route) =>
    NAMES.flatMap((service) => {
      const cost = costOf(results, service, route);
      return cost ? [[`${route}, ${service.replace('Seen on ', '')}`, cost.cpuUs] as const] : [];
    }),
  );
  if (bars.length === 0) return undefined;
  const shows = `CPU time per visit by request and number of counters, ${CONNECTIONS} connections`;
  return { file: 'routes.svg', shows, svg: barPlot(shows, CPU, bars) };
}

/** CPU time of a visit to Seen and to nginx, by the number of connections. */
export function connectionsPlot(results: Results): Plot | undefined {
  const lines = [NGINX.name, ...NAMES]
    .map((name) => ({
      name,
      points: ALL_CONNECTIONS.flatMap((connections) => {
        const cost = costOf(results, name, GET_ROOT, connections);
        return cost ? [[connections, cost.cpuUs] as const] : [];
      }),
    }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const shows = 'CPU time per visit over connections';
  return {
    file: 'connections.svg',
    shows,
    svg: linePlot(shows, { name: 'connections', log: true }, CPU, lines),
  };
}
