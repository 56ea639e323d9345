/**
 * The numbers of a counter that badges show, and words where there is none. Not here: the form of
 * a number (`request.ts`), charts (`history-chart.ts`), and drawing (`images/`).
 */
import { type CounterHistory, DAY_MS, type History } from '../../contract/history.ts';
import { visitsOfKind, visitsToday } from '../../counter/periods.ts';

/**
 * What a badge may show: the total, today's visits, today's visitors, all visits of people, or
 * today's visits and the total. Today is that of UTC. The visitors of several days are not one
 * number, because a person who comes again is a new visitor every day (decision 19).
 */
export const SHOWN = ['total', 'today', 'visitors', 'people', 'today-total'] as const;
export type Shown = (typeof SHOWN)[number];

/** What a picture shows for the number of a private counter. */
export const PRIVATE = 'private';

/** What numbers are made of. */
export interface Numbers {
  readonly total: number;
  /** `undefined` when it cannot be read. */
  readonly past: CounterHistory | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The part of a counter's history that a badge needs: for visitors, one figure a day. Fails as
 * `History.read` does.
 */
export async function readPast(
  history: Pick<History, 'read' | 'readVisitors'>,
  name: string,
  shown: Shown,
): Promise<CounterHistory> {
  if (shown !== 'visitors') return history.read(name);
  return { hours: [], days: [], visitors: await history.readVisitors(name) };
}

/** The message of a badge; `write` formats a number. */
export function messageFor(
  shown: Shown,
  { total, past, now }: Numbers,
  write: (value: number) => string,
): string {
  if (shown === 'total') return write(total);
  if (past === undefined) return shown === 'today-total' ? write(total) : 'not available';
  switch (shown) {
    case 'today':
      return write(visitsToday(past, now));
    case 'visitors':
      return write(past.visitors.get(Math.floor(now / DAY_MS)) ?? 0);
    case 'people':
      return write(visitsOfKind(past, 'person'));
    case 'today-total':
      return todayAndTotal(write(visitsToday(past, now)), write(total));
  }
}

/** Today's number and the total as one text; only the total when today's is `undefined`. */
export function todayAndTotal(today: string | undefined, total: string): string {
  return today === undefined ? total : `${today} / ${total}`;
}
