/**
 * The calls of the self-hosted busuanzi (https://github.com/soxft/busuanzi): `/api` with the page's
 * address in a header, `/jsonp`, and `/ping`.
 *
 * There a browser gets a token that identifies it, and keeps it. Here all browsers get the same
 * one, which only tells that this browser has been counted as a visitor of its site.
 */
import type { Hono } from 'hono';
import { countersOf, pageAt } from '../../../services/busuanzi.ts';
import type { AppContext, AppHandler, Common, Env } from '../../context.ts';
import { bearerIn } from '../../visit/owners.ts';
import { callbackIn, JSON_TYPE, typedHeaders } from '../shared.ts';
import { callingScript, scriptHeaders } from './original.ts';
import { type BusuanziOptions, countView, dailyVisitors, readViews, type Views } from './views.ts';

const MARK_HEADER = 'Set-Bsz-Identity';
/** The token of every browser that has been counted as a visitor. */
const MARK = 'seen.counted';

/** Adds the routes: those of `/api` under each of `prefixes`, the others under the first. */
export function serveClone(
  app: Hono<Env>,
  prefixes: readonly [string, ...string[]],
  { headers, admitted, checked }: Common,
  options: BusuanziOptions,
): void {
  const json = typedHeaders(headers, JSON_TYPE);
  const exposed = `${headers.get('Access-Control-Expose-Headers') ?? ''}, ${MARK_HEADER}`;
  json.set('Access-Control-Expose-Headers', exposed);
  for (const prefix of prefixes) {
    app.get(`${prefix}/api`, admitted(apiHandler(json, options)));
    app.post(`${prefix}/api`, admitted(apiHandler(json, options)));
    app.put(`${prefix}/api`, admitted(apiHandler(json, options)));
  }
  app.get(`${prefixes[0]}/jsonp`, admitted(jsonpHandler(headers, options)));
  const pong = JSON.stringify({ success: true, message: 'pong', data: {} });
  app.get(
    `${prefixes[0]}/ping`,
    checked(() => new Response(pong, { headers: json })),
  );
}

/** GET reads; POST counts and answers the numbers; PUT counts and answers nothing. */
function apiHandler(headers: Headers, options: BusuanziOptions): AppHandler {
  return async (c) => {
    const { method } = c.req;
    const page = pageIn(c.req.header('X-Bsz-Referer') ?? '');
    if (typeof page === 'string') {
      if (method === 'PUT') return new Response(null, { status: 400, headers });
      c.env.realStatus = 400;
      return new Response(JSON.stringify({ success: false, message: page, data: {} }), {
        headers,
      });
    }
    const counters = countersOf(page);
    const isNew = method !== 'GET' && bearerIn(c.req.raw.headers) === undefined;
    const views =
      method === 'GET'
        ? { ...(await readViews(counters, options)), visitorCounted: false }
        : await countView(c, counters, isNew, options);
    const ours = new Headers(headers);
    if (views.visitorCounted) ours.set(MARK_HEADER, MARK);
    if (method === 'PUT') return new Response(null, { status: 204, headers: ours });
    const data = await numbersOf(counters.page, views, options);
    const body = JSON.stringify({ success: true, message: 'ok', data });
    return new Response(body, { headers: ours });
  };
}

/** The address of a page, or what is wrong with it. */
function pageIn(address: string): URL | string {
  const page = pageAt(address);
  if (page) return page;
  return /^https?:/i.test(address) ? 'unable to parse referer' : 'invalid referer';
}

async function numbersOf(
  name: string,
  { page, site, visitors }: Views,
  options: BusuanziOptions,
): Promise<object> {
  const pageVisitors = await dailyVisitors(name, page, options);
  return { site_pv: site, site_uv: visitors, page_pv: page, page_uv: pageVisitors };
}

function jsonpHandler(headers: Headers, options: BusuanziOptions): AppHandler {
  const ready = scriptHeaders(headers);
  return async (c) => {
    const query = new URL(c.req.url).searchParams;
    const callback = callbackIn(query);
    if (callback === undefined)
      return complaint(
        c,
        `${query.has('callback') ? 'invalid' : 'missing'} callback parameter`,
        ready,
      );
    const page = pageIn(c.req.header('Referer') ?? '');
    if (typeof page === 'string') return complaint(c, page, ready);
    const counters = countersOf(page);
    const views = await countView(c, counters, true, options);
    const numbers = await numbersOf(counters.page, views, options);
    return new Response(callingScript(callback, numbers), { headers: ready });
  };
}

/** A script that logs a mistake. `what` is a text of ours. */
function complaint(c: AppContext, what: string, headers: Headers): Response {
  c.env.realStatus = 400;
  return new Response(`try{console.error('${what}')}catch{}`, { headers });
}
