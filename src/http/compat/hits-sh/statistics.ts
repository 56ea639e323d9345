/**
 * The statistics of a counter as hits.sh gives them: the total, the last month and week, and the
 * days of each year. Days are those of UTC.
 */
import { type CounterHistory, DAY_MS } from '../../../contract/history.ts';
import { inPeriods, visitsIn } from '../../../counter/periods.ts';

/** The visits of a day, written as in `2026-01-31`. */
interface Day {
  readonly value: number;
  readonly day: string;
}

/** The statistics, in the form of the response. */
export interface Statistics {
  readonly total: number;
  readonly monthly: number;
  readonly weekly: number;
  /** Each year with visits, with its latest day first. */
  readonly items: readonly {
    readonly from: string;
    readonly to: string;
    readonly data: readonly Day[];
  }[];
}

/** The statistics of a counter; `now` in milliseconds since 1970. */
export function statisticsOf(total: number, past: CounterHistory, now: number): Statistics {
  const days = inPeriods(past, 'day', 'UTC')
    .map((period): Day => ({ value: visitsIn([period]), day: period.time }))
    .filter(({ value }) => value !== 0);
  const since = (date: string) =>
    days.reduce((sum, { value, day }) => (day > date ? sum + value : sum), 0);
  return {
    total,
    monthly: since(monthBefore(now)),
    weekly: since(dateOf(now - 7 * DAY_MS)),
    items: [...Map.groupBy(days, ({ day }) => day.slice(0, 4)).values()].map((year) => ({
      from: year[0]?.day ?? '',
      to: year.at(-1)?.day ?? '',
      data: year.toReversed(),
    })),
  };
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The same day of the month before, or that month's last day. */
function monthBefore(now: number): string {
  const today = new Date(now);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  // The day before the first of this month.
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return dateOf(Date.UTC(year, month - 1, Math.min(today.getUTCDate(), last)));
}
