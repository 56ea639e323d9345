/**
 * `/own-visits`: a page on which people exclude their own browser from counting, or include it
 * again.
 *
 * A cookie stores the choice. On other sites' pages it applies to images and frames, as far as the
 * browser sends cookies there. Not here: the cookie's effect (`http/visit/counting.ts`).
 */

import { AppError } from '../../counter/errors.ts';
import { ownVisitsPage } from '../../page/frame.ts';
import type { AppContext, AppHandler } from '../context.ts';
import { wholeBody } from '../request/reading.ts';
import { isOwnVisit, OWN_VISITS_COOKIE } from '../visit/counting.ts';
import { pageHeaders, styleLink } from './assets.ts';

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
  if (origin !== undefined && URL.parse(origin)?.host !== new URL(c.req.url).host) {
    throw new AppError(
      'request-invalid',
      'This setting can only be changed on the page /own-visits, not from other sites.',
    );
  }
}

/** From other sites' pages, where most counters are, browsers send only cookies set over HTTPS. */
function cookie(visits: 'in' | 'out', secure: boolean): string {
  const kept = visits === 'out' ? KEPT_SECONDS : 0;
  return `${OWN_VISITS_COOKIE}=out; Path=/; Max-Age=${kept}; HttpOnly; ${secure ? 'SameSite=None; Secure' : 'SameSite=Lax'}`;
}
