/**
 * Counters as pictures: `/badge/…svg`, `/chart/…svg` and `/pixel/…gif`, for pages and READMEs that
 * cannot run a script; and `/logos.json`, the logos that a badge may have.
 *
 * Responses forbid caching, and image proxies (GitHub's, mail services') obey. An error is a
 * picture too (`error-picture.ts`). Not here: drawing (`images/`), and reading requests
 * (`request.ts`).
 */

import { Hono } from 'hono';
import type { History } from '../../contract/history.ts';
import type { Registry } from '../../contract/registry.ts';
import { counterNotPublic } from '../../counter/errors.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import type { HitCounter } from '../../counter/sharded-counter.ts';
import { EMBEDDING_POLICY, IMAGE_POLICY } from '../../images/badge.ts';
import { logoOf } from '../../images/logo-files.ts';
import { drawNumberedBadge } from '../../images/numbered-badge.ts';
import { pixel } from '../../images/pixel.ts';
import type { AppContext, AppHandler, Env, Surface } from '../context.ts';
import { afterCounting, type CountVisit } from '../visit/counting.ts';
import { errorsAsPictures, imageHeaders } from './error-picture.ts';
import { historyChart } from './history-chart.ts';
import { logoList } from './logos.ts';
import { messageFor, PRIVATE, readPast } from './numbers.ts';
import { type BadgeWanted, badgeWanted, chartWanted, nameInFile, writer } from './request.ts';

export interface ImagesOptions {
  readonly counter: HitCounter;
  readonly count: CountVisit;
  readonly history: Pick<History, 'read' | 'readVisitors'>;
  readonly registry: Pick<Registry, 'describe'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const COLOUR = 'blue';

/** The surface of pictures. */
export function createImages(options: ImagesOptions): Surface {
  return ({ headers, checked, admitted }) => {
    const as = (
      type: string,
      make: (c: AppContext) => Promise<string | Buffer<ArrayBuffer>>,
      policy = IMAGE_POLICY,
    ): AppHandler => {
      const ready = imageHeaders(headers, type, policy);
      return async (c) => new Response(await make(c), { headers: ready });
    };
    const svg = 'image/svg+xml';
    const plain = as(svg, (c) => badgeSvg(c, options));
    const withLogo = as(svg, (c) => badgeSvg(c, options), EMBEDDING_POLICY);
    const endpoint = as('application/json', (c) => badgeJson(c, options));
    const badge: AppHandler = (c) => {
      if (c.req.path.endsWith('.json')) return endpoint(c);
      return (c.req.query('logo') === undefined ? plain : withLogo)(c);
    };
    const chart = as(svg, (c) => chartSvg(c, options));
    const gif = as('image/gif', (c) => countPixel(c, options));
    const app = new Hono<Env>();
    app.get('/logos.json', checked(logoList(headers)));
    for (const [what, handler] of [
      ['badge', badge],
      ['chart', chart],
      ['pixel', gif],
    ] as const) {
      app.use(`/${what}/*`, errorsAsPictures(headers));
      for (const path of [`/${what}/:file`, `/${what}/:ns/:file`])
        app.get(path, admitted(handler));
    }
    return app;
  };
}

/**
 * Counts if the request asks for it, and returns the text of the badge. Fails as counting does,
 * and with `counter-missing`.
 */
async function messageOf(
  c: AppContext,
  name: string,
  wanted: BadgeWanted,
  options: ImagesOptions,
): Promise<string> {
  const { count, history, now } = options;
  const counts = wanted.count === 'yes';
  const total = counts ? await count(c, name) : await shownTotal(options, name);
  if (total === null) return PRIVATE;
  const write = writer(wanted);
  if (wanted.show === 'total') return write(total);
  const reading = readPast(history, name, wanted.show);
  const past = counts ? await afterCounting(reading) : await reading;
  return messageFor(wanted.show, { total, past, now: now() }, write);
}

/**
 * The total, if everybody may read it. The default counter always exists. Fails with
 * `counter-missing`.
 */
async function shownTotal({ counter, registry }: ImagesOptions, name: string): Promise<number> {
  const [total] = await counter.read([name]);
  if (total !== undefined) return total;
  // Without a public total it was never hit, or an import into Seen 1.0.0 made it private.
  if (name === DEFAULT_COUNTER && (await registry.describe(name)) === undefined) return 0;
  throw counterNotPublic(name);
}

async function badgeSvg(c: AppContext, options: ImagesOptions): Promise<string> {
  const name = nameInFile(c, 'svg');
  const wanted = badgeWanted(c);
  const message = await messageOf(c, name, wanted, options);
  return drawNumberedBadge({
    label: wanted.label,
    message,
    style: wanted.style,
    colour: wanted.color ?? COLOUR,
    labelColour: wanted.labelColor,
    logo: await logoOf(wanted.logo ?? ''),
    logoColour: wanted.logoColor,
  });
}

/** The badge as JSON for shields.io (https://shields.io/badges/endpoint-badge). */
async function badgeJson(c: AppContext, options: ImagesOptions): Promise<string> {
  const name = nameInFile(c, 'json');
  const wanted = badgeWanted(c);
  const message = await messageOf(c, name, wanted, options);
  const { label, style, color = COLOUR, labelColor, logoColor } = wanted;
  const logo = await logoOf(wanted.logo ?? '');
  return JSON.stringify({
    schemaVersion: 1,
    label,
    message,
    color,
    labelColor,
    style,
    // shields.io refuses a colour without a logo.
    ...(logo && { namedLogo: logo.slug, logoColor }),
  });
}

async function chartSvg(c: AppContext, options: ImagesOptions): Promise<string> {
  const { history, now } = options;
  const name = nameInFile(c, 'svg');
  const wanted = chartWanted(c);
  await shownTotal(options, name);
  const past = await history.read(name);
  return historyChart(past, { ...wanted, title: wanted.title ?? name }, now());
}

async function countPixel(c: AppContext, { count }: ImagesOptions): Promise<Buffer<ArrayBuffer>> {
  await count(c, nameInFile(c, 'gif'));
  return pixel();
}
