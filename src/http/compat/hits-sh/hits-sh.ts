/**
 * hits.sh under `/hits-sh`: `/URN.svg` is a badge that counts, `/URN.preview` an example of it,
 * `/URN/` a page, and `/api/urns/URN` the statistics.
 *
 * As on hits.sh, mistakes are shown as a badge with the status of an error, and a path with a
 * scheme or needless slashes is redirected. Not here: the parameters (`look.ts`), the statistics
 * (`statistics.ts`), and how a URN becomes a counter's name (`services/hits-sh.ts`).
 */
import { Hono } from 'hono';
import { drawBadge, EMBEDDING_POLICY } from '../../../images/badge.ts';
import { simplePage } from '../../../page/simple.ts';
import { pluralize } from '../../../plural.ts';
import { hitsShCounter, hitsShPath, urnIn, urnMistake } from '../../../services/hits-sh.ts';
import { decodedPart } from '../../../services/naming.ts';
import { rootFor } from '../../app.ts';
import type { AppContext, Env, Surface } from '../../context.ts';
import { errorsAsPictures, imageHeaders } from '../../images/error-picture.ts';
import { PRIVATE } from '../../images/numbers.ts';
import { afterCounting } from '../../visit/counting.ts';
import { type BadgeParts, namedColour, publicTotal, today } from '../badge.ts';
import { redirect, simplePageHeaders, typedHeaders } from '../shared.ts';
import { draw, lookOf } from './look.ts';
import { statisticsOf } from './statistics.ts';

const PREFIX = '/hits-sh';
const API = '/api/urns';

/** The surface of hits.sh. */
export function createHitsSh(options: BadgeParts): Surface {
  return ({ headers, admitted }) => {
    const svg = imageHeaders(headers, 'image/svg+xml;charset=UTF-8');
    svg.set('Cache-Control', 'no-cache, no-store, must-revalidate');
    svg.set('Expires', new Date(0).toUTCString());
    const withLogo = new Headers(svg);
    withLogo.set('Content-Security-Policy', EMBEDDING_POLICY);
    const app = new Hono<Env>();
    // Before the middleware, because its errors are no pictures.
    app.get(
      `${PREFIX}${API}/*`,
      admitted((c) => statistics(c, headers, options)),
    );
    app.use(`${PREFIX}/*`, errorsAsPictures(headers));
    app.get(
      `${PREFIX}/*`,
      admitted((c) => pictureOrPage(c, { headers, svg, withLogo }, options)),
    );
    return app;
  };
}

/** The headers of every response, of a badge, and of one that may have a logo. */
interface ReadyHeaders {
  readonly headers: Headers;
  readonly svg: Headers;
  readonly withLogo: Headers;
}

/** A badge or a page. Fails as counting does. */
async function pictureOrPage(
  c: AppContext,
  { headers, svg, withLogo }: ReadyHeaders,
  options: BadgeParts,
): Promise<Response> {
  const mistake = (status: number, label: string, message: string) =>
    new Response(drawBadge({ label, message, colour: namedColour('inactive') }), {
      status,
      headers: svg,
    });
  const path = hitsShPath(decodedPart(c.req.path.slice(PREFIX.length)));
  if (!path || (path.ending === '/' && path.urn === '')) return mistake(404, '404', 'Not Found');
  const { urn, ending, clean } = path;
  const wrong = urnMistake(urn);
  if (wrong === 'invalid') return mistake(400, 'hits', 'Not a valid URI');
  if (wrong === 'too long') return mistake(414, 'hits', 'URI Too Long');
  if (!clean) return redirect(`${rootFor(c, PREFIX)}/${encoded(urn)}${ending}`, 301, headers);
  const name = hitsShCounter(urn);
  if (ending === '/')
    return new Response(await page(urn, name, options), { headers: simplePageHeaders(headers) });

  const look = lookOf(new URL(c.req.url).searchParams);
  if (!look) return mistake(400, 'hits', 'Bad Request');
  const badge = async (total: number | null, ofToday: number | undefined) =>
    new Response(await draw(look, { total, today: ofToday }), {
      headers: look.logo === '' ? svg : withLogo,
    });
  if (ending === '.preview') return badge(1, look.withToday ? 1 : undefined);
  const total = await options.count(c, name);
  const isShown = look.withToday && total !== null;
  return badge(total, isShown ? await afterCounting(today(options, name)) : undefined);
}

/** The page of a counter, which never counts. */
async function page(urn: string, name: string, options: BadgeParts): Promise<string> {
  const total = await publicTotal(options, name);
  if (total === null) return simplePage(urn, [`The number of hits is ${PRIVATE}.`]);
  const ofToday = await today(options, name);
  return simplePage(urn, [`${pluralize(total, 'hit')}, ${pluralize(ofToday, 'hit')} today (UTC)`]);
}

/** The statistics as JSON. As on hits.sh, the body of an error is empty. */
async function statistics(
  c: AppContext,
  headers: Headers,
  { registry, history, now }: BadgeParts,
): Promise<Response> {
  const mistake = (status: number) => new Response(null, { status, headers });
  const text = decodedPart(c.req.path.slice(PREFIX.length + API.length)).slice(1);
  const urn = urnIn(text);
  const wrong = urnMistake(urn);
  if (wrong !== undefined) return mistake(wrong === 'invalid' ? 400 : 414);
  if (urn !== text) return redirect(`${rootFor(c, PREFIX)}${API}/${encoded(urn)}`, 301, headers);
  const name = hitsShCounter(urn);
  const found = await registry.describe(name);
  if (!found || found.rules.private) return mistake(404);
  const body = statisticsOf(found.total, await history.read(name), now());
  return new Response(JSON.stringify(body), {
    headers: typedHeaders(headers, 'application/json;charset=UTF-8'),
  });
}

function encoded(urn: string): string {
  return encodeURIComponent(urn).replaceAll('%2F', '/');
}
