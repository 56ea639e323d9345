/**
 * The plots of a soak: memory, descriptors, latency and CPU time over the run, with marks where
 * faults were.
 */

import { median } from '../median.ts';
import { type Line, linePlot } from '../plot.ts';
import type { Injected } from './faults.ts';
import type { Sample } from './sampler.ts';

/** A plot: the name of its file without the ending, and what it shows. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

const MINUTE_MS = 60_000;
/** The most points of a line: more cannot be distinguished, and make the file large. */
const POINTS_MAX = 240;

/** All plots of one run. */
export function plotsOf(
  store: string,
  samples: readonly Sample[],
  faults: readonly Injected[],
): Plot[] {
  const names = [
    ...new Set(samples.flatMap(({ processes }) => processes.map(({ name }) => name))),
  ];
  const ofProcesses = (figure: (process: Sample['processes'][number]) => number | undefined) =>
    names.map((name) =>
      line(name, samples, ({ processes }) => {
        const process = processes.find((each) => each.name === name);
        return process && figure(process);
      }),
    );
  const plot = (
    file: string,
    title: string,
    unit: string,
    lines: readonly Line[],
    log = false,
  ): Plot => {
    const shown = lines.filter(({ points }) => points.length > 0);
    const marks = marksOf(faults, shown, log);
    const on = `${title}, on ${store}`;
    return {
      file,
      title: on,
      svg: linePlot(on, { name: 'minutes' }, { name: unit, log }, [...shown, ...marks]),
    };
  };
  return [
    plot('memory', 'Memory of each process', 'MB', [
      ...ofProcesses(({ rssBytes }) => rssBytes / 1e6),
      line('held by the store', samples, ({ storeBytes }) => storeBytes / 1e6),
    ]),
    plot(
      'heap',
      'JavaScript heap of each replica',
      'MB',
      ofProcesses(({ heapBytes }) => heapBytes && heapBytes / 1e6),
    ),
    plot(
      'descriptors',
      'Open descriptors',
      'descriptors',
      ofProcesses(({ descriptors }) => descriptors),
    ),
    plot(
      'latency',
      'Latency of visits',
      'ms',
      [line('p50', samples, ({ p50Ms }) => p50Ms), line('p99', samples, ({ p99Ms }) => p99Ms)],
      true,
    ),
    plot('cpu', 'CPU time per visit', 'µs', [
      line('Seen and its store', samples, ({ cpuUsPerVisit }) => cpuUsPerVisit),
    ]),
  ];
}

/** A line through the medians of neighbouring samples, with at most `POINTS_MAX` points. */
function line(
  name: string,
  samples: readonly Sample[],
  figure: (sample: Sample) => number | undefined,
): Line {
  const at = Math.max(1, Math.ceil(samples.length / POINTS_MAX));
  const points: [number, number][] = [];
  for (let from = 0; from < samples.length; from += at) {
    const some = samples.slice(from, from + at);
    const values = some
      .map(figure)
      .filter((value) => value !== undefined && !Number.isNaN(value)) as number[];
    if (values.length === 0) continue;
    const minutes = (some[0]?.toMs ?? 0) / MINUTE_MS;
    points.push([Number(minutes.toFixed(2)), Number(median(values).toPrecision(4))]);
  }
  return { name, points };
}

/** A mark for each fault, below all lines. Each kind has its colour. */
function marksOf(faults: readonly Injected[], lines: readonly Line[], log: boolean): Line[] {
  const lowest = Math.min(...lines.flatMap(({ points }) => points.map(([, y]) => y)));
  const at = log ? lowest / 2 : 0;
  return [...Map.groupBy(faults, ({ name }) => name)].map(([name, some]) => ({
    name,
    points: some.map(({ fromMs }) => [Number((fromMs / MINUTE_MS).toFixed(2)), at] as const),
    apart: true,
  }));
}
