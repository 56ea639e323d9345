/**
 * `/own-visits`: a page on which people have their own browser left out of the count, or counted again.
 *
 * It is remembered in a cookie, the only one that Seen ever sets: the same for everybody who asks for it, so it tells nobody from another. On
 * other sites' pages it counts for images and frames, as far as the browser sends cookies there.
 */

import { AppError } from '../../counter/errors.ts';
import { ownVisitsPage } from '../../page/own-visits.ts';
import { type Asked, formIn, type Handler } from '../asked.ts';
import { pageHeaders, styleLink } from '../pages/assets.ts';

const COOKIE = 'seen_own_visits';
/** A year: browsers keep none for longer than 400 days. */
const KEPT_SECONDS = 365 * 24 * 60 * 60;

/** Whether the browser that asks is one whose visits do not count. */
export function isOwnVisit(headers: Headers): boolean {
  const cookies = headers.get('Cookie');
  return cookies !== null && /(^|; ?)seen_own_visits=out(;|$)/.test(cookies);
}

/** The handlers of the page: GET shows it, POST changes what it says. `headers` are those of every response. */
export function createOwnVisits(headers: Headers): { GET: Handler; POST: Handler } {
  const ready = pageHeaders(headers);
  ready.set('Cache-Control', 'no-store');

  return {
    GET: (c) => new Response(ownVisitsPage(styleLink(), isOwnVisit(c.req.raw.headers)), { headers: ready }),
    POST: async (c) => {
      requireOwnPage(c);
      // What is no form says nothing.
      const { visits } = await formIn(c).catch((): Record<string, unknown> => ({}));
      if (visits !== 'out' && visits !== 'in') {
        throw new AppError(
          'request-invalid',
          'Send visits=out, or visits=in, as the page at /own-visits does.',
        );
      }
      const answer = new Headers(headers);
      answer.set('Set-Cookie', cookie(visits, c.req.header('Origin')?.startsWith('https:') === true));
      answer.set('Location', '/own-visits');
      return new Response(null, { status: 303, headers: answer });
    },
  };
}

/** Fails with `request-invalid` when the form of another site is sent: it would decide for somebody else. */
function requireOwnPage(c: Asked): void {
  const origin = c.req.header('Origin');
  if (origin !== undefined && URL.parse(origin)?.host !== new URL(c.req.url).host) {
    throw new AppError(
      'request-invalid',
      'This is decided on the page /own-visits itself, not on other sites.',
    );
  }
}

/** Only over HTTPS may a cookie be sent along from other sites' pages, where most counters are. */
function cookie(visits: 'in' | 'out', secure: boolean): string {
  const kept = visits === 'out' ? KEPT_SECONDS : 0;
  return `${COOKIE}=out; Path=/; Max-Age=${kept}; HttpOnly; ${secure ? 'SameSite=None; Secure' : 'SameSite=Lax'}`;
}
