/**
 * dwyl/hits under `/dwyl`: `/USER/REPO.svg` is a badge, `.json` the same for shields.io, and
 * without an ending or with `.html` it is a page.
 *
 * As in dwyl/hits, all of these count, and the form of the response shows a wrong name or style.
 * Not here: how the names become a counter's (`services/dwyl.ts`).
 */
import { Hono } from 'hono';
import { BADGE_STYLES, type BadgeStyle, drawBadge } from '../../../images/badge.ts';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { simplePage } from '../../../page/simple.ts';
import { dwylCounter, dwylRepository } from '../../../services/dwyl.ts';
import { decodedPart } from '../../../services/naming.ts';
import { rootFor } from '../../app.ts';
import type { AppContext, Env, Surface } from '../../context.ts';
import { errorsAsPictures, imageHeaders } from '../../images/error-picture.ts';
import { PRIVATE } from '../../images/numbers.ts';
import { type BadgeParts, extraIn } from '../badge.ts';
import { JSON_TYPE, noSuchCall, redirect, simplePageHeaders, typedHeaders } from '../shared.ts';

const PREFIX = '/dwyl';
const LABEL = 'hits';
const COLOUR = '#4c1';
/** Longer than any name of a colour, or of a user or repository on GitHub. */
const TEXT_LENGTH_MAX = 100;

type Form = 'svg' | 'json' | 'page';

/** The surface of dwyl/hits. */
export function createDwyl(options: Pick<BadgeParts, 'count'>): Surface {
  return ({ headers, admitted }) => {
    const ready = readyHeaders(headers);
    const app = new Hono<Env>();
    const isForJson = (c: AppContext) => formOf(c, c.req.path) === 'json';
    app.use(`${PREFIX}/*`, errorsAsPictures(headers, { isForJson }));
    app.get(
      `${PREFIX}/*`,
      admitted((c) => answer(c, ready, options)),
    );
    return app;
  };
}

/** The headers of each form. */
function readyHeaders(headers: Headers): Readonly<Record<Form, Headers>> {
  const ready = {
    svg: imageHeaders(headers, 'image/svg+xml; charset=utf-8'),
    json: typedHeaders(headers, JSON_TYPE),
    page: simplePageHeaders(headers),
  };
  for (const ours of Object.values(ready))
    ours.set('Cache-Control', 'max-age=0, private, must-revalidate');
  return ready;
}

/** Answers a request. Fails with `route-missing`, and as counting does. */
async function answer(
  c: AppContext,
  ready: Readonly<Record<Form, Headers>>,
  { count }: Pick<BadgeParts, 'count'>,
): Promise<Response> {
  const parts = c.req.path
    .slice(PREFIX.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decodedPart);
  const [user = '', file = ''] = parts.slice(-2);
  const query = new URL(c.req.url).searchParams;
  const style = styleIn(query);
  if (parts.length !== 2 && parts.length !== 3)
    throw noSuchCall('/USER/REPO.svg, /USER/REPO.json or /USER/REPO');
  if (parts.length === 3 && parts[0] === 'error')
    return new Response(errorPage(user, file), { headers: ready.page });
  // A third part in front is ignored, but only in front of a badge.
  if (parts.length === 3 && !file.includes('.svg')) {
    const svg = drawBadge({ label: LABEL, message: '404', colour: COLOUR, style });
    return new Response(svg, { status: 404, headers: ready.svg });
  }
  const form = formOf(c, file);
  const name = style && dwylCounter(user, file);
  if (name === undefined) return invalid(c, form, [user, file], ready);
  const total = await count(c, name);
  const message = total === null ? PRIVATE : `${total + extraIn(query)}`;
  return new Response(written(form, { message, style, user, file, query }), {
    headers: ready[form],
  });
}

/** The style in a query; `undefined` for an unknown one. */
function styleIn(query: URLSearchParams): BadgeStyle | undefined {
  const wanted = query.get('style') ?? 'flat';
  return BADGE_STYLES.find((style) => style === wanted);
}

function formOf(c: AppContext, file: string): Form {
  if (file.endsWith('.json') || c.req.header('Accept')?.includes('json')) return 'json';
  return file.endsWith('.svg') ? 'svg' : 'page';
}

/** The number in a form. */
function written(
  form: Form,
  shown: {
    readonly message: string;
    readonly style: BadgeStyle | undefined;
    readonly user: string;
    readonly file: string;
    readonly query: URLSearchParams;
  },
): string {
  const { message, style, user, file, query } = shown;
  switch (form) {
    case 'svg':
      return drawNumberedBadge({ label: LABEL, message, colour: COLOUR, style });
    case 'json': {
      const color = (query.get('color') ?? 'lightgrey').slice(0, TEXT_LENGTH_MAX);
      return JSON.stringify({ schemaVersion: 1, label: LABEL, style, message, color });
    }
    case 'page':
      return simplePage(`${user}/${dwylRepository(file)}`, [`${LABEL}: ${message}`]);
  }
}

/** The response to a wrong name or style: a badge, JSON, or a redirect to a page that explains. */
function invalid(
  c: AppContext,
  form: Form,
  names: readonly [user: string, file: string],
  ready: Readonly<Record<Form, Headers>>,
): Response {
  const message = 'invalid url';
  switch (form) {
    case 'svg': {
      const svg = drawBadge({ label: LABEL, message, colour: '#e05d44', style: 'flat-square' });
      return new Response(svg, { status: 404, headers: ready.svg });
    }
    case 'json':
      return new Response(JSON.stringify({ schemaVersion: 1, label: LABEL, message }), {
        headers: ready.json,
      });
    case 'page': {
      const to = names.map((name) => encodeURIComponent(name)).join('/');
      return redirect(`${rootFor(c, PREFIX)}/error/${to}`, 302, ready.page);
    }
  }
}

/** The page to which a wrong name or style leads. */
function errorPage(user: string, file: string): string {
  const [shownUser, shownFile] = [user, file].map((name) => name.slice(0, TEXT_LENGTH_MAX));
  return simplePage('This URL is not valid', [
    `The user is “${shownUser}”. The name may have letters, digits, and single hyphens between them.`,
    `The repository is “${shownFile}”. The name may have letters, digits, “-”, “_” and “.”.`,
    `The style, if any, must be one of ${BADGE_STYLES.join(', ')}.`,
  ]);
}
