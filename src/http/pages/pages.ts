/**
 * The pages: the default counter (`root.ts`), other counters (`counter.ts`), `/new` (`new.ts`),
 * `/manage`, and `/own-visits`, on which people exclude their own browser from counting, or
 * include it again. Not here: their HTML (`page/`), and the effect of that choice
 * (`http/visit/counting.ts`).
 *
 * A cookie stores the choice. On other sites’ pages it applies to images and frames, if the
 * browser sends cookies there.
 */
import { Hono } from 'hono';
import type { Registry } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { linkTo } from '../../page/links.ts';
import { managePage } from '../../page/manage.ts';
import { ownVisitsPage } from '../../page/notices.ts';
import { webAddress } from '../../services/web-address.ts';
import type { AppContext, AppHandler, Env, Surface } from '../context.ts';
import { wholeBody } from '../request/reading.ts';
import { type CountVisit, isOwnVisit, OWN_VISITS_COOKIE } from '../visit/counting.ts';
import {
  PAGE_SCRIPTS,
  pageHeaders,
  pageLinks,
  scriptHandler,
  styleHandler,
  styleLink,
} from './assets.ts';
import { createCounterPage } from './counter.ts';
import { languageFor, queryFor } from './language.ts';
import { createNewPage, type NewPageOptions } from './new.ts';
import { createRoot } from './root.ts';

export interface PagesOptions extends NewPageOptions {
  readonly registry: Pick<Registry, 'describe'>;
  readonly count: CountVisit;
  /** The replica's name on the page of `/`, with the stack; `undefined` when it is not public. */
  readonly replica: string | undefined;
}

/** The surface of pages. */
export function createPages(options: PagesOptions): Surface {
  const { registry, count, replica } = options;
  return ({ headers, checked, admitted }) => {
    const ownVisits = createOwnVisits(headers);
    // Browsers ask for it by themselves; the page contains its own icon.
    const icon = () => new Response(null, { status: 204, headers });
    const app = new Hono<Env>();
    app.get('/', admitted(createRoot(count, replica, headers)));
    app.get('/c/:ns/:key', admitted(createCounterPage(registry, headers)));
    app.get('/new', checked(createNewPage(options, headers)));
    app.get('/own-visits', admitted(ownVisits.show));
    app.post('/own-visits', admitted(ownVisits.change));
    app.get('/manage', checked(createManage(headers)));
    app.get('/page.css', checked(styleHandler(headers)));
    for (const script of PAGE_SCRIPTS)
      app.get(`/${script}.js`, checked(scriptHandler(script, headers)));
    app.get('/favicon.ico', checked(icon));
    return app;
  };
}

/**
 * The handler of the page for owners. It is the same for everybody and needs no store: its script
 * sends tokens to the API.
 */
function createManage(headers: Headers): AppHandler {
  const ready = { headers: pageHeaders(headers) };
  return async (c) =>
    new Response(managePage(await pageLinks('manage'), languageFor(c), queryFor(c)), ready);
}

/**
 * Our form has one short field, and parsing thousands of fields would take more than 2 ms of CPU
 * time.
 */
const FORM_BYTES_MAX = 1024;
/** A year. Browsers limit it to 400 days. */
const KEPT_SECONDS = 365 * 24 * 60 * 60;

/**
 * The handlers of the page: GET shows the choice, POST changes it. `headers` are those of every
 * response.
 */
function createOwnVisits(headers: Headers): { show: AppHandler; change: AppHandler } {
  const ready = pageHeaders(headers);
  ready.set('Cache-Control', 'no-store');

  return {
    show: (c) => {
      const page = { out: isOwnVisit(c.req.raw.headers), query: queryFor(c) };
      return new Response(ownVisitsPage(styleLink(), languageFor(c), page), { headers: ready });
    },
    change: async (c) => {
      await wholeBody(c);
      requireOwnPage(c);
      const visits = await choiceIn(c);
      if (visits !== 'out' && visits !== 'in') {
        throw new AppError(
          'request-invalid',
          'Send visits=out, or visits=in, as the page at /own-visits does.',
        );
      }
      const answer = new Headers(headers);
      answer.set(
        'Set-Cookie',
        cookie(visits, c.req.header('Origin')?.startsWith('https:') === true),
      );
      answer.set('Location', linkTo('/own-visits', queryFor(c)));
      return new Response(null, { status: 303, headers: answer });
    },
  };
}

/** The form's choice; `undefined` if it is invalid or longer than `FORM_BYTES_MAX`. */
async function choiceIn({ req }: AppContext): Promise<unknown> {
  const { byteLength } = await req.arrayBuffer();
  if (byteLength > FORM_BYTES_MAX) return undefined;
  const form = await req.parseBody().catch((): Record<string, unknown> => ({}));
  return form['visits'];
}

/**
 * Fails with `request-invalid` when another site sends the form: it would decide for the visitor.
 */
function requireOwnPage(c: AppContext): void {
  const origin = c.req.header('Origin');
  if (origin !== undefined && webAddress(origin)?.host !== new URL(c.req.url).host) {
    throw new AppError(
      'request-invalid',
      'This setting can only be changed on the page /own-visits, not from other sites.',
    );
  }
}

/** On other sites' pages, where most counters are, browsers send only cookies set over HTTPS. */
function cookie(visits: 'in' | 'out', secure: boolean): string {
  const kept = visits === 'out' ? KEPT_SECONDS : 0;
  return `${OWN_VISITS_COOKIE}=out; Path=/; Max-Age=${kept}; HttpOnly; ${secure ? 'SameSite=None; Secure' : 'SameSite=Lax'}`;
}
