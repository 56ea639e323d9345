/** The address under which a client reached Seen, for the absolute URLs in pages. */
import type { AppContext } from '../context.ts';

/**
 * The origin in the client's address bar; `undefined` when the client sent no `Host`. A proxy says
 * whether the client uses HTTPS; no proxy need be trusted for that, because only this client sees
 * the page.
 */
export function originOf({ req }: AppContext): string | undefined {
  const url = URL.parse(req.url);
  if (!url) return undefined;
  return req.header('X-Forwarded-Proto') === 'https' ? `https://${url.host}` : url.origin;
}
