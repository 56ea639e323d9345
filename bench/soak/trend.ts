/**
 * Whether a figure grows over time, from noisy samples: the median of the slopes between all pairs
 * of samples (Theil and Sen: up to 29 % of the samples may have any value), and the medians of the
 * first and the last quarter.
 *
 * Pure. Not here: how much growth is too much (`verdict.ts`).
 */
import { median } from '../median.ts';

/** A sample: when, in hours, and the figure. */
export type Point = readonly [hours: number, value: number];

/** The growth of a figure. */
export interface Trend {
  readonly samples: number;
  readonly perHour: number;
  readonly firstQuarter: number;
  readonly lastQuarter: number;
  /** Between the middles of the two quarters. */
  readonly apartHours: number;
}

/**
 * The trend of samples in the order of time; `undefined` for fewer than eight, whose quarters are
 * too short.
 */
export function trendOf(points: readonly Point[]): Trend | undefined {
  const quarter = Math.floor(points.length / 4);
  if (quarter < 2) return undefined;
  const slopes: number[] = [];
  for (const [index, [at, value]] of points.entries()) {
    for (let other = 0; other < index; other++) {
      const [before, past] = points[other] ?? [at, value];
      if (at > before) slopes.push((value - past) / (at - before));
    }
  }
  const [first, last] = [points.slice(0, quarter), points.slice(-quarter)];
  const values = (part: readonly Point[]) => median(part.map(([, value]) => value));
  const middle = (part: readonly Point[]) => median(part.map(([hours]) => hours));
  return {
    samples: points.length,
    perHour: median(slopes),
    firstQuarter: values(first),
    lastQuarter: values(last),
    apartHours: middle(last) - middle(first),
  };
}
