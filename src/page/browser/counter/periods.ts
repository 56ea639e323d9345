/**
 * The latest hours, days and months, including empty ones. Pure functions, in the time zone of the
 * browser.
 */

export type Step = 'hour' | 'day' | 'month';

/** The visits of a period, as the API returns them. */
export interface PeriodCounts {
  /** `2026-11-22T13`, `2026-11-22`, `2026-11`. */
  readonly time: string;
  readonly person: number;
  readonly program: number;
  readonly proxy: number;
  readonly bot: number;
  readonly visitors?: number;
}

/** A period and its beginning. */
export interface Period extends PeriodCounts {
  readonly begins: Date;
}

/** The number of periods shown: two days, a month, a year. */
const SHOWN: Readonly<Record<Step, number>> = { hour: 48, day: 30, month: 12 };
const HOUR_MS = 3_600_000;

/** The latest periods up to `now`, the earliest first. */
export function latestOf(counts: readonly PeriodCounts[], step: Step, now: Date): Period[] {
  const known = new Map(counts.map((period) => [period.time, period]));
  return [...beginningsOf(step, now)].map(([time, begins]) => ({
    ...(known.get(time) ?? { time, person: 0, program: 0, proxy: 0, bot: 0 }),
    begins,
  }));
}

/** The name of the first period shown, for the request to the API. */
export function firstOf(step: Step, now: Date): string {
  return [...beginningsOf(step, now).keys()][0] ?? '';
}

/** All visits of a period. */
export function visitsOf({ person, program, proxy, bot }: PeriodCounts): number {
  return person + program + proxy + bot;
}

/**
 * The beginnings of the shown periods by name, the earliest first. An hour that repeats when
 * clocks are set back is one hour, as in the API.
 */
function beginningsOf(step: Step, now: Date): Map<string, Date> {
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  // Hours begin when those of UTC do, and are named by their beginning in local time.
  const hour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  const found = new Map<string, Date>();
  for (let back = SHOWN[step] - 1; back >= 0; back--) {
    const begins =
      step === 'hour'
        ? new Date(hour - back * HOUR_MS)
        : step === 'day'
          ? new Date(year, month, day - back)
          : new Date(year, month - back);
    const time = nameOf(step, begins);
    if (!found.has(time)) found.set(time, begins);
  }
  return found;
}

function nameOf(step: Step, at: Date): string {
  const two = (value: number) => `${value}`.padStart(2, '0');
  const month = `${at.getFullYear()}-${two(at.getMonth() + 1)}`;
  if (step === 'month') return month;
  const day = `${month}-${two(at.getDate())}`;
  return step === 'day' ? day : `${day}T${two(at.getHours())}`;
}
