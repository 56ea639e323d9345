/**
 * The pages: the default counter, other counters, own visits, and their stylesheet and script. Not
 * here: their HTML (`page/`).
 */
import { Hono } from 'hono';
import type { Counter } from '../../counter/counter.ts';
import type { Env, Surface } from '../context.ts';
import type { CountVisit } from '../visit/counting.ts';
import { createAssets } from './assets.ts';
import { createCounterPage } from './counter.ts';
import { createOwnVisits } from './own-visits.ts';
import { createRoot } from './root.ts';

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
