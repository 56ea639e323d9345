/**
 * A counter's history as a chart: its latest periods, and the words beside them. Not here: drawing
 * (`images/chart.ts`), and reading requests (`request.ts`).
 */
import type { CounterHistory } from '../../contract/history.ts';
import { latestPeriods, type Period, type Step, visitsIn } from '../../counter/periods.ts';
import { type ChartTheme, drawChart } from '../../images/chart.ts';
import { pluralize } from '../../plural.ts';

/** What a chart shows, and how. */
export interface HistoryChart {
  readonly title: string;
  readonly theme: ChartTheme;
  readonly by: Step;
  /** A time zone of the IANA database. */
  readonly zone: string;
  /** The language of numbers and dates. */
  readonly lang: string;
  /** The number of periods; `LATEST_PERIODS` when not given. */
  readonly count?: number;
}

/** The chart as an SVG; `now` is in milliseconds since 1970. */
export function historyChart(
  past: CounterHistory,
  { title, theme, by, zone, lang, count }: HistoryChart,
  now: number,
): string {
  const periods = latestPeriods(past, by, zone, now, count);
  const format = new Intl.NumberFormat(lang);
  const write = (value: number) => format.format(value);
  const writePeriod = periodWriter(by, lang);
  return drawChart({
    title,
    summary: `${pluralize(visitsIn(periods), 'visit', write)} in ${pluralize(periods.length, by, write)}`,
    bars: periods.map((period) => ({ name: writePeriod(period.time), value: visitsIn([period]) })),
    theme,
    write,
    note: emptyNote(past, periods),
  });
}

/** Returns the function that writes the names of periods in a language, in few characters. */
function periodWriter(by: Step, language: string): (time: string) => string {
  if (by === 'hour') return (time) => `${time.slice(11)}:00`;
  const format = new Intl.DateTimeFormat(language, {
    timeZone: 'UTC',
    month: 'short',
    ...(by === 'day' ? { day: 'numeric' } : { year: 'numeric' }),
  });
  return (time) => format.format(Date.parse(time));
}

/** What a chart of these periods says when all are empty; otherwise `undefined`. */
function emptyNote(
  { hours, days }: CounterHistory,
  periods: readonly Period[],
): string | undefined {
  if (periods.some((period) => visitsIn([period]) > 0)) return undefined;
  return hours.length + days.length === 0 ? 'no visits yet' : 'no visits in this time';
}
