/**
 * The headers and errors of Moe-Counter: requests of scripts with cookies, and errors as JSON with
 * `code` and `message`. Not here: what is answered (`moe-counter.ts`).
 */
import type { MiddlewareHandler } from 'hono';
import { moeCallIn } from '../../../services/moe-counter.ts';
import type { AppContext, Env } from '../../context.ts';
import { errorsAsPictures } from '../../images/error-picture.ts';

/** The path of Moe-Counter on every host. */
export const MOE_PREFIX = '/moe-counter';

/** The call in the path of a request; `undefined` for none. */
export function callOf({ req }: AppContext): ReturnType<typeof moeCallIn> {
  return moeCallIn(req.path.slice(MOE_PREFIX.length));
}

/**
 * Middleware that lets scripts read answers to requests with cookies, which `*` does not. The only
 * cookie of Seen identifies nobody. From two answers a page may learn whether its reader has the
 * cookie, which `/own-visits` sets.
 */
export const allowCookies: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const origin = URL.parse(c.req.header('Origin') ?? '')?.origin ?? 'null';
  c.res.headers.append('Vary', 'Origin');
  // That of a page without an address, and of addresses such as `file:`.
  if (origin === 'null') return;
  c.res.headers.set('Access-Control-Allow-Origin', origin);
  c.res.headers.set('Access-Control-Allow-Credentials', 'true');
};

/**
 * Middleware that gives errors their form: `{"code":400,"message":"…"}` for mistakes in a request
 * and for `/record`, and a picture for other errors where a picture was asked for. `headers` are
 * those of every response.
 */
export function formErrors(headers: Headers): MiddlewareHandler<Env> {
  const asPicture = errorsAsPictures(headers);
  return async (c, next) => {
    await next();
    const call = c.res.status >= 400 && c.req.method === 'GET' ? callOf(c) : undefined;
    if (call === undefined) return;
    if (c.res.status === 400 || call.form === 'json') await asJson(c);
    else await asPicture(c, () => Promise.resolve());
  };
}

async function asJson(c: AppContext): Promise<void> {
  const { status, headers } = c.res;
  const { detail } = (await c.res.json()) as { detail: string };
  const ours = new Headers(headers);
  ours.set('Content-Type', 'application/json; charset=utf-8');
  // Otherwise Hono would copy the old response's headers over the new ones.
  c.res = undefined;
  c.res = new Response(JSON.stringify({ code: status, message: detail }), {
    status,
    headers: ours,
  });
}
