/**
 * Sends visits with wrk, as fast as a service answers them, and measures their CPU time.
 *
 * The CPU time includes all processes of the service and its store, but not wrk. Visits at a fixed
 * rate: open-loop.ts.
 */
import { join } from 'node:path';
import { cpuMs } from './cpu.ts';
import type { Running } from './services.ts';

/** The target of visits, and the number of connections. */
export interface Kind {
  /**
   * Path and query; with `counters`, `%` stands for the number of a counter. Without it, the path
   * is that of the service's URL.
   */
  readonly path?: string;
  /** The number of counters to visit in turns. */
  readonly counters?: number;
  /** The number of addresses from which visits come in turns, in `X-Forwarded-For`. */
  readonly addresses?: number;
  readonly connections: number;
}

/** The cost of visits. */
export interface Load {
  readonly cpuUsPerVisit: number;
  readonly visitsPerSecond: number;
}

/** Visits for `seconds`. Fails when a visit was not answered with 2xx. */
export async function load(service: Running, kind: Kind, seconds: number): Promise<Load> {
  const before = cpuMs(service.pids);
  const { visits, visitsPerSecond } = await visit(
    service,
    kind,
    seconds,
    Math.floor(Math.random() * 1e6),
  );
  return { cpuUsPerVisit: ((cpuMs(service.pids) - before) * 1000) / visits, visitsPerSecond };
}

/** Visits each of the kind's counters at least once, so that none has to be made later. */
export async function makeCounters(service: Running, kind: Kind): Promise<void> {
  const { counters = 0, connections } = kind;
  // wrk does not report the visits in progress at its end.
  for (let made = 0; made < counters; )
    made += (await visit(service, kind, 1, made)).visits - connections;
}

async function visit(
  { url }: Running,
  { path, counters, addresses, connections }: Kind,
  seconds: number,
  from: number,
) {
  const target = path === undefined ? url : new URL(path, url).href;
  const script = (name: string) => ['-s', join(import.meta.dir, name)];
  const [walk, walked] =
    counters !== undefined
      ? [script('names.lua'), ['--', path ?? '', `${counters}`, `${from}`]]
      : addresses !== undefined
        ? [script('addresses.lua'), ['--', `${addresses}`, `${from}`]]
        : [[], []];
  const out =
    await Bun.$`wrk -t1 -c${connections} -d${seconds}s ${walk} ${target} ${walked}`.text();
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(`${target} failed under load:\n${out}`);
  return {
    visits: Number(/(\d+) requests in/.exec(out)?.[1]),
    visitsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1]),
  };
}
