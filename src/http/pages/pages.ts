/**
 * The pages: the default counter, other counters, own visits, and their stylesheet and script. Not
 * here: their HTML (`page/`).
 */
import { Hono } from 'hono';
import type { Counter } from '../../counter/counter.ts';
import { counterNotPublic } from '../../counter/errors.ts';
import { counterName } from '../../counter/name.ts';
import { counterPage } from '../../page/page.ts';
import type { AppHandler, Env, Surface } from '../context.ts';
import type { CountVisit } from '../visit/counting.ts';
import { createAssets, pageHeaders, pageLinks } from './assets.ts';
import { createOwnVisits } from './own-visits.ts';
import { createRoot, sentence } from './root.ts';

export interface PagesOptions {
  readonly counter: Counter;
  readonly count: CountVisit;
  /** The replica's name on pages, with the stack; `undefined` when it is not public. */
  readonly replica: string | undefined;
}

/** The surface of pages. */
export function createPages({ counter, count, replica }: PagesOptions): Surface {
  return ({ headers, checked, admitted, bodyMs }) => {
    const ownVisits = createOwnVisits(headers, bodyMs);
    const assets = createAssets(headers);
    // Browsers ask for it by themselves; the page contains its own icon.
    const icon = () => new Response(null, { status: 204, headers });
    const app = new Hono<Env>();
    app.get('/', admitted(createRoot(count, replica, headers)));
    app.get('/c/:ns/:key', admitted(createCounterPage(counter, replica, headers)));
    app.get('/own-visits', admitted(ownVisits.show));
    app.post('/own-visits', admitted(ownVisits.change));
    app.get('/page.css', checked(assets.style));
    app.get('/page.js', checked(assets.script));
    app.get('/favicon.ico', checked(icon));
    return app;
  };
}

/**
 * The handler of a counter's page, which never counts. A private counter has no page. The page
 * names `replica`; `headers` are those of every response.
 */
function createCounterPage(
  counter: Counter,
  replica: string | undefined,
  headers: Headers,
): AppHandler {
  const ready = { headers: pageHeaders(headers) };
  return async (c) => {
    const name = counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
    const links = await pageLinks();
    const [total] = await counter.read([name]);
    if (total === undefined) throw counterNotPublic(name);
    const text = sentence(total);
    return new Response(
      counterPage(links, { counter: name, total, sentence: text, visit: 'look', replica }),
      ready,
    );
  };
}
