/**
 * A counter's history in the native API: visits by hour, day and month, and visitors. The format
 * is JSON, or CSV for spreadsheets.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { DAY_MS, KINDS } from '../../contract/history.ts';
import { inPeriods, noVisits, type Period } from '../../counter/periods.ts';
import type { AppContext, Env } from '../context.ts';
import { type ApiOptions, readableCounter } from './options.ts';
import { pastRoutes } from './past-routes.ts';

/** Adds the routes for history and visitors to the API. */
export function servePast(api: OpenAPIHono<Env>, options: ApiOptions): void {
  const { history, now } = options;
  /** Returns a counter's history, if the client may read it. */
  async function pastOf(c: AppContext) {
    const { counter: name } = await readableCounter(c, options);
    return { name, past: await history.read(name) };
  }

  for (const routes of [pastRoutes.ofCounter, pastRoutes.ofDefault]) {
    api.openapi(routes.history, async (c) => {
      const { by, zone, from, to, format } = c.req.valid('query');
      const { name, past } = await pastOf(c);
      const periods = inPeriods(past, by, zone).filter(({ time }) => isWithin(time, from, to));
      if (format === 'csv')
        return c.text(csv(periods), 200, { 'Content-Type': 'text/csv; charset=utf-8' });
      return c.json({ name, by, zone, periods: periods.map(shown) }, 200);
    });

    api.openapi(routes.visitors, async (c) => {
      const { name, past } = await pastOf(c);
      const kinds = noVisits();
      for (const { kind, amount } of [...past.hours, ...past.days]) kinds[kind] += amount;
      const today = past.visitors.get(Math.floor(now() / DAY_MS)) ?? 0;
      const total = [...past.visitors.values()].reduce((sum, count) => sum + count, 0);
      return c.json({ name, today, total, error: history.visitorsError, visits: kinds }, 200);
    });
  }
}

/**
 * Whether a period is in the range. A bound is a time in the first or the last period, or the
 * beginning of its name, so only what both have is compared. An empty text is no bound.
 */
function isWithin(time: string, from: string, to: string): boolean {
  return time >= from.slice(0, time.length) && time.slice(0, to.length) <= to;
}

function shown({ time, amounts, visitors }: Period) {
  return { time, ...amounts, ...(visitors === undefined ? {} : { visitors }) };
}

function csv(periods: readonly Period[]): string {
  const rows = periods.map(({ time, amounts, visitors }) =>
    [time, ...KINDS.map((kind) => amounts[kind]), visitors ?? ''].join(','),
  );
  // RFC 4180: lines end in CR LF.
  return [['time', ...KINDS, 'visitors'].join(','), ...rows, ''].join('\r\n');
}
