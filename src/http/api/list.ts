/** The routes of the native API for all counters: list them, and delete many. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { DAY_MS } from '../../contract/history.ts';
import { deleteSome } from '../../counter/deleting.ts';
import { AppError } from '../../counter/errors.ts';
import { type Cursor, type RankedCounter, rankedPage, type Sort } from '../../counter/ranking.ts';
import type { Env } from '../context.ts';
import { listRoutes } from './list-routes.ts';
import { type ApiOptions, counterJson } from './options.ts';
import { COUNTERS_AT_ONCE } from './schemas.ts';

/** Adds the routes. */
export function serveList(
  api: OpenAPIHono<Env>,
  { registry, history, owners, now }: ApiOptions,
): void {
  api.openapi(listRoutes.list, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const { sort, order, after, ...query } = c.req.valid('query');
    const byName = sort === 'name';
    const ranked = {
      ...query,
      sort,
      descending: (order ?? (byName ? 'asc' : 'desc')) === 'desc',
      after: after === '' ? undefined : cursorIn(after, sort),
      today: Math.floor(now() / DAY_MS),
    };
    const page = await rankedPage({ registry, history }, ranked, c.req.raw.signal);
    const next = page.next && (byName ? page.next.counter : written(page.next));
    const counters = page.counters.map(listedJson);
    const size = await registry.size();
    return c.json({ counters, size, ...(next === undefined ? {} : { next }) }, 200);
  });

  api.openapi(listRoutes.removeMany, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const { prefix } = c.req.valid('query');
    return c.json(await deleteSome(registry, prefix, COUNTERS_AT_ONCE), 200);
  });
}

const CURSOR = /^(-?\d{1,16}):(.*)$/;

/** The place that `written` has written; for names it is a name. Fails with `request-invalid`. */
function cursorIn(text: string, sort: Sort): Cursor {
  if (sort === 'name') return { value: 0, counter: text };
  const [, value, counter] = CURSOR.exec(text) ?? [];
  if (counter !== undefined) return { value: Number(value), counter };
  throw new AppError(
    'request-invalid',
    'query.after: is not the `next` of a page of this order. See /openapi.json.',
  );
}

function written({ value, counter }: Cursor): string {
  return `${value}:${counter}`;
}

function listedJson({ description, today, days }: RankedCounter) {
  return {
    ...counterJson(description),
    ...(today === undefined ? {} : { today }),
    ...(days === undefined ? {} : { days: [...days] }),
  };
}
