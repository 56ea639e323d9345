/**
 * visitor-badge under `/visitor-badge`: `/badge?page_id=USER.REPO`, the badge of visits of a page,
 * as visitor-badge.laobi.icu and earlier visitor-badge.glitch.me drew it.
 *
 * As on visitor-badge.laobi.icu, every request counts, except with `query_only`, and a missing
 * `page_id` is shown as a badge. Not here: how an id becomes a counter's name
 * (`services/visitor-badge.ts`).
 */
import { Hono } from 'hono';
import { drawBadge } from '../../../images/badge.ts';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { visitorBadgeCounter } from '../../../services/visitor-badge.ts';
import type { AppContext, Env, Surface } from '../../context.ts';
import { errorsAsPictures, imageHeaders } from '../../images/error-picture.ts';
import { PRIVATE } from '../../images/numbers.ts';
import { type BadgeParts, colourOf, extraIn, publicTotal } from '../badge.ts';

const PATH = '/visitor-badge/badge';
/** `Cache-Control` of a badge, and of a badge that shows a mistake. */
const NEVER_KEPT = 'no-cache,max-age=0,no-store,s-maxage=0,proxy-revalidate';
const MISTAKE_NEVER_KEPT = 'no-cache,max-age=0';
/** How far `Expires` lies in the past. */
const EXPIRED_MS = 10 * 60 * 1000;

/** The surface of visitor-badge. */
export function createVisitorBadge(options: BadgeParts): Surface {
  return ({ headers, admitted }) => {
    const svg = imageHeaders(headers, 'image/svg+xml');
    const app = new Hono<Env>();
    app.use(PATH, errorsAsPictures(headers));
    app.get(
      PATH,
      admitted(async (c) => {
        const query = new URL(c.req.url).searchParams;
        const pageId = query.get('page_id') ?? '';
        const ours = new Headers(svg);
        ours.set('Cache-Control', pageId === '' ? MISTAKE_NEVER_KEPT : NEVER_KEPT);
        ours.set('Expires', new Date(options.now() - EXPIRED_MS).toUTCString());
        const body = pageId === '' ? drawMistake() : await badge(c, pageId, query, options);
        return new Response(body, { headers: ours });
      }),
    );
    return app;
  };
}

/** The badge of a page as an SVG. Fails as counting does. */
async function badge(
  c: AppContext,
  pageId: string,
  query: URLSearchParams,
  options: BadgeParts,
): Promise<string> {
  const name = visitorBadgeCounter(pageId);
  // Both parameters act with any value, even `false`.
  const total = query.has('query_only')
    ? await publicTotal(options, name)
    : await options.count(c, name);
  const write = query.has('format') ? short : String;
  return drawNumberedBadge({
    label: query.get('left_text') || query.get('title') || 'visitors',
    message: total === null ? PRIVATE : write(total + extraIn(query)),
    labelColour: colourOf(query.get('left_color') ?? '') ?? '#595959',
    colour: colourOf(query.get('right_color') ?? '') ?? '#1283c3',
  });
}

/** Three digits and a unit, as in `12.3K`. */
function short(value: number): string {
  return value.toLocaleString('en', {
    notation: 'compact',
    maximumSignificantDigits: 3,
    roundingMode: 'halfEven',
  });
}

function drawMistake(): string {
  return drawBadge({
    label: 'Error',
    message: 'Missing required param: page_id',
    colour: '#007ec6',
  });
}
