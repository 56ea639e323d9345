/**
 * Decides which figures are flat: how much each figure may grow in an hour, with the reason,
 * compared with its growth in the samples without faults.
 *
 * Figures that show leaks of memory or descriptors are judged in the long part, in which no
 * process is replaced; figures that accumulate are judged over the whole run.
 */
import type { Injected } from './faults.ts';
import type { Plan, Span } from './plan.ts';
import type { Sample } from './sampler.ts';
import { REPLICAS } from './service.ts';
import { type Point, type Trend, trendOf } from './trend.ts';

/** How much a figure may grow, in an hour, and why. */
interface Bound {
  readonly perHour: number;
  readonly why: string;
}

/** A figure that is judged. */
export interface Judged {
  readonly what: string;
  readonly unit: 'MB' | 'µs' | 'ms' | '';
  readonly trend: Trend;
  readonly bound: Bound;
  readonly flat: boolean;
}

const HOUR_MS = 3_600_000;
const MB = 1e6;
/** A number in an array: nothing that is kept for each visit is smaller. */
const BYTES_PER_VISIT = 8;
/** The store has no garbage that it collects later. */
const STORE_BYTES_PER_VISIT = 1;
/**
 * Far fewer than a leak would leave: streams alone come and go over a thousand times an hour, and
 * new connections more than a hundred thousand times.
 */
const DESCRIPTORS = 10;
/**
 * The variation on a shared machine, in our experience, as a share of the first quarter. Data that
 * accumulates with every visit grows a hundredfold during a run.
 */
const SHARE = { 'CPU time per visit': 0.2, 'p50 latency': 0.25, 'p99 latency': 0.5 } as const;
/** A shorter stretch shows garbage and not leaks. */
const SHORTEST_MS = 5 * 60_000;

/** The samples of a span that no fault touches. */
export function quietIn(
  { fromMs, toMs }: Span,
  samples: readonly Sample[],
  faults: readonly Injected[],
  settleMs: number,
): Sample[] {
  return samples.filter(
    (sample) =>
      sample.fromMs >= fromMs &&
      sample.toMs <= toMs &&
      !faults.some(
        (fault) => sample.toMs >= fault.fromMs && sample.fromMs <= fault.toMs + settleMs,
      ),
  );
}

/** Judges all figures; `undefined` when the run was too short. */
export function flatness(
  plan: Plan,
  rate: number,
  samples: readonly Sample[],
  faults: readonly Injected[],
): Judged[] | undefined {
  const steady = quietIn(plan.steady, samples, faults, plan.settleMs);
  const warm = quietIn(plan.warm, samples, faults, plan.settleMs);
  if ((steady.at(-1)?.toMs ?? 0) - (steady[0]?.fromMs ?? 0) < SHORTEST_MS) return undefined;
  const perVisit = {
    perHour: (BYTES_PER_VISIT * rate * 3600) / REPLICAS / MB,
    why: `${BYTES_PER_VISIT} bytes for each visit to a replica`,
  };
  const ofStore = {
    perHour: (STORE_BYTES_PER_VISIT * rate * 3600) / MB,
    why: `${STORE_BYTES_PER_VISIT} byte for each visit`,
  };
  const few = { perHour: DESCRIPTORS, why: 'whatever the rate' };
  const names = steady[0]?.processes.map(({ name }) => name) ?? [];
  const memory = names.flatMap((name) => [
    judge(
      `memory of ${name}`,
      'MB',
      of(steady, name, ({ rssBytes }) => rssBytes / MB),
      name === 'store' ? ofStore : perVisit,
    ),
    judge(
      `JavaScript heap of ${name}`,
      'MB',
      of(steady, name, ({ heapBytes }) => (heapBytes ?? Number.NaN) / MB),
      perVisit,
    ),
  ]);
  const descriptors = (what: string, ours: (name: string) => boolean) =>
    judge(
      `descriptors of ${what}`,
      '',
      points(steady, ({ processes }) =>
        sum(processes.filter(({ name }) => ours(name)).map((each) => each.descriptors)),
      ),
      few,
    );
  return [
    ...memory,
    descriptors('Seen', (name) => name !== 'store'),
    ...(names.includes('store') ? [descriptors('store', (name) => name === 'store')] : []),
    judge(
      'what the store holds',
      'MB',
      points(warm, ({ storeBytes }) => storeBytes / MB),
      ofStore,
    ),
    relative(
      'p50 latency',
      'ms',
      points(warm, ({ p50Ms = Number.NaN }) => p50Ms),
    ),
    relative(
      'p99 latency',
      'ms',
      points(warm, ({ p99Ms = Number.NaN }) => p99Ms),
    ),
    relative(
      'CPU time per visit',
      'µs',
      points(warm, ({ cpuUsPerVisit = Number.NaN }) => cpuUsPerVisit),
    ),
  ].filter((judged) => judged !== undefined);
}

function points(samples: readonly Sample[], figure: (sample: Sample) => number): Point[] {
  return samples
    .map((sample): Point => [sample.toMs / HOUR_MS, figure(sample)])
    .filter(([, value]) => !Number.isNaN(value));
}

function of(
  samples: readonly Sample[],
  name: string,
  figure: (process: Sample['processes'][number]) => number,
): Point[] {
  return points(samples, ({ processes }) => {
    const process = processes.find((each) => each.name === name);
    return process ? figure(process) : Number.NaN;
  });
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

function relative(
  what: keyof typeof SHARE,
  unit: Judged['unit'],
  all: readonly Point[],
): Judged | undefined {
  const level = trendOf(all)?.firstQuarter;
  if (level === undefined) return undefined;
  return judge(what, unit, all, {
    perHour: SHARE[what] * level,
    why: `${SHARE[what] * 100} % of the first quarter`,
  });
}

/**
 * A figure is flat when it grows no faster than the bound, by its slope and from the first quarter
 * to the last. A figure that falls is flat too.
 */
function judge(
  what: string,
  unit: Judged['unit'],
  all: readonly Point[],
  bound: Bound,
): Judged | undefined {
  const trend = trendOf(all);
  if (!trend) return undefined;
  const { perHour, firstQuarter, lastQuarter, apartHours } = trend;
  const flat =
    perHour <= bound.perHour && lastQuarter - firstQuarter <= bound.perHour * apartHours;
  return { what, unit, trend, bound, flat };
}
