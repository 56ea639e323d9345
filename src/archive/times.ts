/** Hours, days and moments as exports write them: ISO 8601, in UTC. */
import { DAY_MS, HOUR_MS } from '../contract/history.ts';
import { excerpt, SourceError } from './item.ts';

/** The hour since 1970 as `2026-11-22T13:00Z`. */
export function hourName(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().replace(/:00\.000Z$/, 'Z');
}

/** The day since 1970 as `2026-11-22`. */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().replace(/T.*$/, '');
}

/** `2026-11-22T13:00Z` as the hour since 1970. Fails with `SourceError`. */
export function readHour(name: string): number {
  const hour = Date.parse(name) / HOUR_MS;
  if (Number.isInteger(hour) && hourName(hour) === name) return hour;
  throw new SourceError(`${excerpt(name)} is not an hour: write it as in 2026-11-22T13:00Z`);
}

/** `2026-11-22` as the day since 1970. Fails with `SourceError`. */
export function readDay(name: string): number {
  const day = Date.parse(name) / DAY_MS;
  if (Number.isInteger(day) && dayName(day) === name) return day;
  throw new SourceError(`${excerpt(name)} is not a day: write it as in 2026-11-22`);
}

/** An ISO 8601 time as milliseconds since 1970. Fails with `SourceError`. */
export function readMoment(text: string): number {
  const moment = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(moment))
    throw new SourceError(
      `${excerpt(text)} is not a time: write it as in 2026-11-22T13:05:59.000Z`,
    );
  return moment;
}
