/**
 * Moe-Counter under `/moe-counter`: `/@NAME` and `/get/@NAME` count and show the number as a
 * picture, `/record/@NAME` counts and answers with JSON, and `/heart-beat` is always `alive`.
 *
 * As in Moe-Counter, every request counts, except for the name `demo` and for `num`, a number to
 * show. Not here: the parameters (`look.ts`), drawing (`images/number-picture.ts`), and the
 * owner's themes (`commands/compose/themes.ts`).
 */
import { Hono, type MiddlewareHandler } from 'hono';
import { EMBEDDING_POLICY } from '../../../images/badge.ts';
import { drawNumber, type Theme } from '../../../images/number-picture.ts';
import { SEEN_THEME } from '../../../images/seen-theme.ts';
import { MOE_DEMO, type MoeCall, moeCallIn, moeCounter } from '../../../services/moe-counter.ts';
import { webAddress } from '../../../services/web-address.ts';
import type { AppContext, AppHandler, Env, Surface } from '../../context.ts';
import { type ErrorWriter, rewriteErrors } from '../../errors.ts';
import { imageHeaders, pictureWriter } from '../../images/error-picture.ts';
import { PRIVATE } from '../../images/numbers.ts';
import { type BadgeParts, extraIn } from '../badge.ts';
import { JSON_TYPE, noSuchCall, typedHeaders } from '../shared.ts';
import { type Look, lookOf } from './look.ts';

const PREFIX = '/moe-counter';

/** What Moe-Counter needs. */
export interface MoeCounterOptions extends Pick<BadgeParts, 'count'> {
  /** The owner's themes, by name. */
  readonly themes: ReadonlyMap<string, Theme>;
}

/** What the name `demo` shows. */
const ALL_DIGITS = '0123456789';
/** A year, in which the picture of `demo` does not change. */
const KEPT = 'max-age=31536000';

/** The surface of Moe-Counter. */
export function createMoeCounter(options: MoeCounterOptions): Surface {
  return ({ headers, checked, admitted }) => {
    const picture = createPicture(headers, options);
    const record = createRecord(headers, options);
    const answer: AppHandler = (c) => {
      const call = callOf(c);
      if (call === undefined) throw noSuchCall('@NAME, get/@NAME, record/@NAME or heart-beat');
      return (call.form === 'json' ? record : picture)(c, call.name);
    };
    const app = new Hono<Env>();
    app.use(`${PREFIX}/*`, allowCookies, rewriteErrors(errorWriter(headers)));
    app.get(
      `${PREFIX}/heart-beat`,
      checked(() => {
        const ours = imageHeaders(headers, 'text/html; charset=utf-8');
        return new Response('alive', { headers: ours });
      }),
    );
    for (const path of ['record/*', 'get/*', '*']) app.get(`${PREFIX}/${path}`, admitted(answer));
    return app;
  };
}

/** The call in the path of a request; `undefined` for none. */
function callOf({ req }: AppContext): MoeCall | undefined {
  return moeCallIn(req.path.slice(PREFIX.length));
}

/**
 * Middleware that lets scripts read answers to requests with cookies, which `*` does not. The only
 * cookie of Seen identifies nobody. From two answers a page may learn whether its reader has the
 * cookie, which `/own-visits` sets.
 */
const allowCookies: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const origin = webAddress(c.req.header('Origin') ?? '')?.origin;
  c.res.headers.append('Vary', 'Origin');
  // A page without an address, such as a local file, has none.
  if (origin === undefined) return;
  c.res.headers.set('Access-Control-Allow-Origin', origin);
  c.res.headers.set('Access-Control-Allow-Credentials', 'true');
};

/**
 * Returns the function that chooses the form of an error: JSON with `code` and `message` for
 * mistakes in a request and for `/record`, and a picture for other errors where one was asked for.
 */
function errorWriter(headers: Headers) {
  const picture = pictureWriter(headers);
  return (c: AppContext, status: number): ErrorWriter | undefined => {
    const call = c.req.method === 'GET' ? callOf(c) : undefined;
    if (call === undefined) return undefined;
    return status === 400 || call.form === 'json' ? writeJson : picture(c);
  };
}

const writeJson: ErrorWriter = (_, { status, message, headers }) => {
  headers.set('Content-Type', JSON_TYPE);
  return new Response(JSON.stringify({ code: status, message }), { status, headers });
};

type Answer = (c: AppContext, name: string) => Response | Promise<Response>;

/** Returns the function that counts and answers with the number as an SVG. */
function createPicture(headers: Headers, { count, themes }: MoeCounterOptions): Answer {
  const svg = imageHeaders(headers, 'image/svg+xml; charset=utf-8');
  svg.set('Content-Security-Policy', EMBEDDING_POLICY);
  const demo = new Headers(svg);
  demo.set('Cache-Control', KEPT);
  return async (c, name) => {
    const look = lookOf(name, c.req.query());
    const ours = name === MOE_DEMO ? demo : svg;
    const extra = extraIn(new URL(c.req.url).searchParams);
    const shown =
      name === MOE_DEMO
        ? ALL_DIGITS
        : look.num > 0
          ? `${look.num}`
          : withExtra(await count(c, moeCounter(name)), extra);
    return new Response(draw(shown, look, themes), { headers: ours });
  };
}

/** The total to show; `undefined` for that of a private counter. */
function withExtra(total: number | null, extra: number): string | undefined {
  return total === null ? undefined : `${total + extra}`;
}

/** The number as an SVG; only dashes for one that is not shown. */
function draw(shown: string | undefined, look: Look, themes: MoeCounterOptions['themes']): string {
  const digits =
    shown === undefined
      ? '-'.repeat(Math.max(look.padding, 1))
      : look.prefix + padded(shown, look.padding);
  return drawNumber({
    digits,
    label: shown === undefined ? PRIVATE : digits,
    theme: shown === undefined ? SEEN_THEME : themeOf(look.theme, themes),
    align: look.align,
    scale: look.scale,
    offset: look.offset,
    pixelated: look.pixelated === '1',
    dimmed: look.darkmode === 'auto' ? 'auto' : look.darkmode === '1',
  });
}

/** The number with zeros in front; a total below 0, which no visit makes, is shown as 0. */
function padded(shown: string, padding: number): string {
  return (shown.startsWith('-') ? '0' : shown).padStart(padding, '0');
}

/** The owner's theme of this name, any one for `random`, and otherwise Seen's own. */
function themeOf(name: string, themes: MoeCounterOptions['themes']): Theme {
  if (name !== 'random') return themes.get(name) ?? SEEN_THEME;
  const all = [SEEN_THEME, ...themes.values()];
  return all[Math.floor(Math.random() * all.length)] ?? SEEN_THEME;
}

/** Returns the function that counts and answers with the number as JSON. */
function createRecord(headers: Headers, { count }: MoeCounterOptions): Answer {
  const json = typedHeaders(headers, JSON_TYPE);
  return async (c, name) => {
    const num = name === MOE_DEMO ? ALL_DIGITS : await count(c, moeCounter(name));
    return new Response(JSON.stringify({ name, num }), { headers: json });
  };
}
