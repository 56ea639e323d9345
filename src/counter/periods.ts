/**
 * A counter's history as hours, days and months in a time zone. Not here: the stored data
 * (`contract/history.ts`).
 */
import { type CounterHistory, DAY_MS, HOUR_MS, type Kind } from '../contract/history.ts';

/** The visits and visitors of a period. */
export interface Period {
  /** Its beginning in the time zone, as in ISO 8601: `2026-11-22T13`, `2026-11-22`, `2026-11`. */
  readonly time: string;
  readonly amounts: Readonly<Record<Kind, number>>;
  /**
   * Visitors of the day, or of the month's days added up; `undefined` for hours. Days are those of
   * UTC.
   */
  readonly visitors: number | undefined;
}

export type Step = 'hour' | 'day' | 'month';

/** No visits of any kind. */
export function noVisits(): Record<Kind, number> {
  return { person: 0, program: 0, proxy: 0, bot: 0 };
}

/** The numbers of a period without visits. */
function emptyPeriod(step: Step) {
  return { amounts: noVisits(), visitors: step === 'hour' ? undefined : 0 };
}

/** Whether the IANA database has a time zone of this name. */
export function isZone(zone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** The number of characters in a period's name. */
const LENGTH: Readonly<Record<Step, number>> = { hour: 13, day: 10, month: 7 };

/**
 * The history in periods, the earliest first; empty periods are left out. `zone` is a name of the
 * IANA database. An hour belongs to the period in which it begins, which is exact in zones with
 * whole-hour offsets from UTC; days whose hours are no longer kept are UTC days in every zone.
 */
export function inPeriods(
  { hours, days, visitors }: CounterHistory,
  step: Step,
  zone: string,
  local = localTime(zone),
): Period[] {
  const length = LENGTH[step];
  const utc = localTime('UTC');
  const found = new Map<string, ReturnType<typeof emptyPeriod>>();
  const periodAt = (time: string) => {
    const name = time.slice(0, length);
    const period = found.get(name) ?? emptyPeriod(step);
    found.set(name, period);
    return period;
  };
  const periodsOfHours = new Map<number, ReturnType<typeof periodAt>>();
  for (const { at, kind, amount } of hours) {
    // Time zone conversion is slow, and up to four kinds share an hour.
    const period = periodsOfHours.get(at) ?? periodAt(local(at * HOUR_MS));
    periodsOfHours.set(at, period);
    period.amounts[kind] += amount;
  }
  if (step !== 'hour') {
    for (const { at, kind, amount } of days) periodAt(utc(at * DAY_MS)).amounts[kind] += amount;
    for (const [day, count] of visitors) {
      const period = periodAt(utc(day * DAY_MS));
      period.visitors = (period.visitors ?? 0) + count;
    }
  }
  return [...found]
    .map(([time, period]) => ({ time, ...period }))
    .toSorted((a, b) => (a.time < b.time ? -1 : 1));
}

/**
 * The number of latest periods of each kind: two days of hours, a month of days, a year of months.
 */
export const LATEST_PERIODS: Readonly<Record<Step, number>> = { hour: 48, day: 30, month: 12 };

/** The longest duration of a period. */
const LONGEST_MS: Readonly<Record<Step, number>> = {
  hour: HOUR_MS,
  day: DAY_MS,
  month: 31 * DAY_MS,
};
/** By how much periods may begin earlier in some time zone. */
const MARGIN_MS: Readonly<Record<Step, number>> = {
  hour: HOUR_MS,
  day: 2 * DAY_MS,
  month: 2 * DAY_MS,
};

/**
 * The latest periods up to `now` (milliseconds since 1970), including empty ones: `count` of them.
 */
export function latestPeriods(
  past: CounterHistory,
  step: Step,
  zone: string,
  now: number,
  count = LATEST_PERIODS[step],
): Period[] {
  const recent = since(past, now - count * LONGEST_MS[step] - MARGIN_MS[step]);
  const local = localTime(zone);
  const periods = inPeriods(recent, step, zone, local);
  const happened = new Map(periods.map((period) => [period.time, period]));
  return latestNames(step, local, now, count).map(
    (time) => happened.get(time) ?? { time, ...emptyPeriod(step) },
  );
}

/** The sum of the visits of all kinds in these periods. */
export function visitsIn(periods: readonly Period[]): number {
  return periods.reduce(
    (all, { amounts }) => all + Object.values(amounts).reduce((some, one) => some + one, 0),
    0,
  );
}

/** Today's visits (UTC); `now` in milliseconds since 1970. */
export function visitsToday(past: CounterHistory, now: number): number {
  return visitsIn(latestPeriods(past, 'day', 'UTC', now, 1));
}

/** All visits of one kind since the history began. */
export function visitsOfKind({ hours, days }: CounterHistory, kind: Kind): number {
  return [...hours, ...days].reduce(
    (sum, entry) => (entry.kind === kind ? sum + entry.amount : sum),
    0,
  );
}

/**
 * The history without the part before `ms` (milliseconds since 1970), so that charts of old
 * counters are not slower.
 */
function since({ hours, days, visitors }: CounterHistory, ms: number): CounterHistory {
  const hour = Math.floor(ms / HOUR_MS);
  const day = Math.floor(ms / DAY_MS);
  return {
    hours: hours.filter(({ at }) => at >= hour),
    days: days.filter(({ at }) => at >= day),
    visitors: new Map([...visitors].filter(([at]) => at >= day)),
  };
}

/**
 * The names of the latest periods, the earliest first. An hour that repeats when clocks are set
 * back is one period.
 */
function latestNames(
  step: Step,
  local: (ms: number) => string,
  now: number,
  count: number,
): string[] {
  const back = Array.from({ length: count }, (_, index) => index).toReversed();
  // `inPeriods` names an hour by its beginning in UTC. In zones with half-hour offsets, the local
  // hour may have changed since then.
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  if (step === 'hour') return [...new Set(back.map((hours) => local(hour - hours * HOUR_MS)))];
  const [year = 0, month = 0, day = 0] = local(now).slice(0, 10).split('-').map(Number);
  return back.map((periods) => {
    const begins =
      step === 'day'
        ? Date.UTC(year, month - 1, day - periods)
        : Date.UTC(year, month - 1 - periods);
    return new Date(begins).toISOString().slice(0, LENGTH[step]);
  });
}

/**
 * Milliseconds since 1970 as `2026-11-22T13` in a time zone. Fails with a RangeError for an
 * unknown zone.
 */
function localTime(zone: string): (ms: number) => string {
  if (zone === 'UTC') return (ms) => new Date(ms).toISOString().slice(0, 13);
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
    return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}`;
  };
}
