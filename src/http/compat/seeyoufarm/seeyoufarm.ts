/**
 * hits.seeyoufarm.com under `/seeyoufarm`: `/api/count/incr/badge.svg?url=PAGE`, the badge of
 * today's and all visits of a page, `keep/badge.svg`, which does not count, and
 * `graph/dailyhits.svg`.
 *
 * The service counted a client once a second, on all pages together; Seen has only its own limits.
 * Not here: how a page's address becomes a counter's name (`services/seeyoufarm.ts`).
 */
import { Hono } from 'hono';
import { AppError, counterNotPublic } from '../../../counter/errors.ts';
import { cssColour, EMBEDDING_POLICY } from '../../../images/badge.ts';
import { logoOf } from '../../../images/logo-files.ts';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { type SeeyoufarmPage, seeyoufarmPage } from '../../../services/seeyoufarm.ts';
import type { AppContext, Env, Surface } from '../../context.ts';
import { errorsAsPictures, imageHeaders } from '../../images/error-picture.ts';
import { historyChart } from '../../images/history-chart.ts';
import { PRIVATE, todayAndTotal } from '../../images/numbers.ts';
import { afterCounting } from '../../visit/counting.ts';
import { type BadgeParts, extraIn, publicTotal, today } from '../badge.ts';

const ROOT = '/seeyoufarm/api/count';
/** The days of the chart. */
const DAYS = 60;
/** A longer title would reach the summary of the chart. */
const TITLE_LENGTH_MAX = 50;
/** The values of Go's `strconv.ParseBool` that are true. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

type Draw = (c: AppContext, page: SeeyoufarmPage, query: URLSearchParams) => Promise<string>;

/** The surface of hits.seeyoufarm.com. */
export function createSeeyoufarm(options: BadgeParts): Surface {
  const pictures: readonly [path: string, draw: Draw][] = [
    [
      `${ROOT}/incr/badge.svg`,
      async (c, { counter }, query) =>
        badge(counter, await options.count(c, counter), query, options),
    ],
    [
      `${ROOT}/keep/badge.svg`,
      async (_, { counter }, query) =>
        badge(counter, await publicTotal(options, counter), query, options),
    ],
    [`${ROOT}/graph/dailyhits.svg`, (_, page) => chart(page, options)],
  ];
  return ({ headers, admitted }) => {
    const svg = imageHeaders(headers, 'image/svg+xml');
    svg.set('Cache-Control', 'no-cache, no-store, must-revalidate');
    svg.set('Pragma', 'no-cache');
    svg.set('Expires', '0');
    const withIcon = new Headers(svg);
    withIcon.set('Content-Security-Policy', EMBEDDING_POLICY);
    // As on hits.seeyoufarm.com, the status of a mistake is 400.
    const statusFor = (status: number) => (status === 400 ? 400 : 200);
    const app = new Hono<Env>();
    for (const [path, draw] of pictures) {
      app.use(path, errorsAsPictures(headers, { statusFor }));
      app.get(
        path,
        admitted(async (c) => {
          const query = new URL(c.req.url).searchParams;
          const page = pageIn(query);
          const ready = query.get('icon') ? withIcon : svg;
          return new Response(await draw(c, page, query), { headers: ready });
        }),
      );
    }
    return app;
  };
}

/** The page that a request names. Fails with `request-invalid`. */
function pageIn(query: URLSearchParams): SeeyoufarmPage {
  const page = seeyoufarmPage(query.get('url') ?? '');
  if (page) return page;
  throw new AppError(
    'request-invalid',
    'url must be the address of a page, as in ?url=https://example.com/page. Nothing was counted.',
  );
}

/** The badge as an SVG. `total` is `null` for a private counter. */
async function badge(
  counter: string,
  total: number | null,
  query: URLSearchParams,
  options: BadgeParts,
): Promise<string> {
  const title = query.get('title') ?? '';
  const ofToday = total === null ? undefined : await afterCounting(today(options, counter));
  const shown = total === null ? PRIVATE : `${total + extraIn(query)}`;
  const message = todayAndTotal(ofToday?.toString(), shown);
  const svg = drawNumberedBadge({
    label: title.trim() === '' ? 'hits' : title,
    message,
    style: TRUE.has(query.get('edge_flat') ?? '') ? 'flat-square' : 'flat',
    labelColour: cssColour(query.get('title_bg') ?? '') ?? '#555',
    colour: cssColour(query.get('count_bg') ?? '') ?? '#79c83d',
    logo: await logoOf((query.get('icon') ?? '').replace(/\.svg$/, '')),
    // As on hits.seeyoufarm.com, an icon without a colour is black.
    logoColour: cssColour(query.get('icon_color') ?? '') ?? '#000',
  });
  // Programs look for ` 3 / 1204 ` in the picture, and badge-maker removes the spaces.
  return svg.replaceAll(`>${message}<`, `> ${message} <`);
}

/** The chart of a page as an SVG. Fails with `counter-missing` for a private counter. */
async function chart({ counter, address }: SeeyoufarmPage, options: BadgeParts): Promise<string> {
  if ((await publicTotal(options, counter)) === null) throw counterNotPublic(counter);
  const { history, now } = options;
  const past = await history.read(counter);
  const title =
    address.length > TITLE_LENGTH_MAX ? `${address.slice(0, TITLE_LENGTH_MAX - 1)}…` : address;
  const look = { title, theme: 'auto', by: 'day', zone: 'UTC', lang: 'en', count: DAYS } as const;
  return historyChart(past, look, now());
}
