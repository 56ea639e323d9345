/**
 * A counter's history as counterapi.dev shows it: a list by period (version 1), and statistics
 * (version 2). All periods are those of UTC, and weeks begin on Monday. Not here: the stored data
 * (`contract/history.ts`).
 */
import { type CounterHistory, DAY_MS, HOUR_MS } from '../../../contract/history.ts';

/** How a list is grouped. */
export const GROUPS = ['hour', 'day', 'week', 'month', 'year'] as const;
export type Group = (typeof GROUPS)[number];

/** The longest list that counterapi.dev returns. */
const LIST_MAX = 1000;
/** 1970 began on a Thursday, three days after a Monday. */
const MONDAY_SHIFT_MS = 3 * DAY_MS;
const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;

/** What was added in one period. */
export interface CountOfPeriod {
  readonly count: number;
  /** Its beginning. */
  readonly date: string;
}

/**
 * What was added in each period. Periods without visits are left out. By hour, the list has only
 * days whose hours are kept.
 */
export function listBy(past: CounterHistory, group: Group, latestFirst: boolean): CountOfPeriod[] {
  const counts = new Map<number, number>();
  const entries = group === 'hour' ? hoursOf(past) : [...hoursOf(past), ...daysOf(past)];
  for (const { ms, amount } of entries) {
    const begin = beginOf(ms, group);
    counts.set(begin, (counts.get(begin) ?? 0) + amount);
  }
  return [...counts]
    .toSorted(([a], [b]) => (latestFirst ? b - a : a - b))
    .slice(0, LIST_MAX)
    .map(([ms, count]) => ({ count, date: new Date(ms).toISOString().replace('.000', '') }));
}

/** What was added, or subtracted: the history keeps only the difference of both. */
export interface UpAndDown {
  readonly up: number;
  readonly down: number;
}

/** An amount as up and down. */
export function upAndDown(amount: number): UpAndDown {
  return { up: Math.max(0, amount), down: Math.max(0, -amount) };
}

/**
 * The statistics at `now`, in milliseconds since 1970: today, this week, and all time by the hour
 * of the day (of days whose hours are kept), by weekday and by quarter.
 */
export function statsAt(past: CounterHistory, now: number) {
  const hours = zeros(Array.from({ length: 24 }, (_, hour) => `${hour}`.padStart(2, '0')));
  const weekdays = zeros(WEEKDAYS);
  const quarters = zeros(['q1', 'q2', 'q3', 'q4']);
  const [day, week] = [beginOf(now, 'day'), beginOf(now, 'week')];
  let [today, thisWeek] = [0, 0];
  for (const { ms, amount } of hoursOf(past)) add(hours, new Date(ms).getUTCHours(), amount);
  for (const { ms, amount } of [...hoursOf(past), ...daysOf(past)]) {
    const date = new Date(ms);
    add(weekdays, date.getUTCDay(), amount);
    add(quarters, Math.floor(date.getUTCMonth() / 3), amount);
    if (ms >= day) today += amount;
    if (ms >= week) thisWeek += amount;
  }
  return {
    today: upAndDown(today),
    this_week: upAndDown(thisWeek),
    temporal: {
      hours: withUpAndDown(hours),
      weekdays: withUpAndDown(weekdays),
      quarters: withUpAndDown(quarters),
    },
  };
}

/** An amount for each of several names, in order. */
type Amounts = [name: string, amount: number][];

function zeros(names: readonly string[]): Amounts {
  return names.map((name) => [name, 0]);
}

function add(amounts: Amounts, index: number, amount: number): void {
  const entry = amounts[index];
  if (entry) entry[1] += amount;
}

function withUpAndDown(amounts: Amounts): Record<string, UpAndDown> {
  return Object.fromEntries(amounts.map(([name, amount]) => [name, upAndDown(amount)]));
}

function hoursOf({ hours }: CounterHistory) {
  return hours.map(({ at, amount }) => ({ ms: at * HOUR_MS, amount }));
}

function daysOf({ days }: CounterHistory) {
  return days.map(({ at, amount }) => ({ ms: at * DAY_MS, amount }));
}

/** The beginning of the period that a time belongs to, both in milliseconds since 1970. */
function beginOf(ms: number, group: Group): number {
  const date = new Date(ms);
  switch (group) {
    case 'hour':
      return ms - (ms % HOUR_MS);
    case 'day':
      return ms - (ms % DAY_MS);
    case 'week':
      return ms - ((ms + MONDAY_SHIFT_MS) % (7 * DAY_MS));
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0);
  }
}
