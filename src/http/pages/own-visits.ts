/**
 * `/own-visits`: a page on which people have their own browser left out of the count, or counted
 * again.
 *
 * It is remembered in a cookie. On other sites' pages the cookie holds for images and frames, as
 * far as the browser sends cookies there. Not here: what the cookie does
 * (`http/visit/own-visits.ts`).
 */

import { AppError } from '../../counter/errors.ts';
import { ownVisitsPage } from '../../page/own-visits.ts';
import type { AppContext, AppHandler } from '../context.ts';
import { wholeBody } from '../request/body.ts';
import { isOwnVisit, OWN_VISITS_COOKIE } from '../visit/own-visits.ts';
import { pageHeaders, styleLink } from './assets.ts';

/**
 * No form of ours has more than one short field, and thousands of fields would cost more than 2 ms
 * of CPU time.
 */
const FORM_BYTES_MAX = 1024;
/** A year: browsers keep none for longer than 400 days. */
const KEPT_SECONDS = 365 * 24 * 60 * 60;

/**
 * The handlers of the page: GET shows it, POST changes what it says. `headers` are those of every
 * response.
 */
export function createOwnVisits(
  headers: Headers,
  bodyMs?: number,
): { show: AppHandler; change: AppHandler } {
  const ready = pageHeaders(headers);
  ready.set('Cache-Control', 'no-store');

  return {
    show: (c) =>
      new Response(ownVisitsPage(styleLink(), isOwnVisit(c.req.raw.headers)), { headers: ready }),
    change: async (c) => {
      await wholeBody(c, bodyMs);
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
      answer.set('Location', '/own-visits');
      return new Response(null, { status: 303, headers: answer });
    },
  };
}

/** What the form says; `undefined` for what is no form, or is longer than `FORM_BYTES_MAX`. */
async function choiceIn({ req }: AppContext): Promise<unknown> {
  const { byteLength } = await req.arrayBuffer();
  if (byteLength > FORM_BYTES_MAX) return undefined;
  const form = await req.parseBody().catch((): Record<string, unknown> => ({}));
  return form['visits'];
}

/**
 * Fails with `request-invalid` when the form of another site is sent: it would decide for somebody
 * else.
 */
function requireOwnPage(c: AppContext): void {
  const origin = c.req.header('Origin');
  if (origin !== undefined && URL.parse(origin)?.host !== new URL(c.req.url).host) {
    throw new AppError(
      'request-invalid',
      'This setting can only be changed on the page /own-visits, not from other sites.',
    );
  }
}

/** Only over HTTPS may a cookie be sent along from other sites' pages, where most counters are. */
function cookie(visits: 'in' | 'out', secure: boolean): string {
  const kept = visits === 'out' ? KEPT_SECONDS : 0;
  return `${OWN_VISITS_COOKIE}=out; Path=/; Max-Age=${kept}; HttpOnly; ${secure ? 'SameSite=None; Secure' : 'SameSite=Lax'}`;
}
