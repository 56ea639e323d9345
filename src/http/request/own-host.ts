/**
 * Host names of their own: on one of them the calls of a service are at the root, and nothing else
 * is.
 *
 * Whoever has a service's URLs in pages that cannot be changed points its host name here. Not
 * here: the calls themselves.
 */

import { getPath } from 'hono/utils/url';
import type { AppContext } from '../context.ts';

/**
 * The path under which a service is on every host, by the host name on which it is at the root.
 */
export type OwnHosts = ReadonlyMap<string, string>;

/**
 * The path of a request. HTTP/1.0 needs no Host, and without one Bun has no more than the path in
 * the place of the URL.
 */
function pathOf(request: Request): string {
  return request.url.startsWith('/') ? (request.url.split('?', 1)[0] ?? '/') : getPath(request);
}

/**
 * Under which path a request is looked for: on a host name of its own, the service's with the
 * request's after it.
 */
export function pathOn(hosts: OwnHosts): (request: Request) => string {
  if (hosts.size === 0) return pathOf;
  const prefixes = new Map([...hosts].map(([host, prefix]) => [host.toLowerCase(), prefix]));
  return (request) => {
    const asked = (request.headers.get('Host') ?? '').toLowerCase().replace(/\.?(:\d+)?$/, '');
    return `${prefixes.get(asked) ?? ''}${pathOf(request)}`;
  };
}

/** Where a service is for who asks: its path, or nothing on a host name of its own. */
export function rootFor(c: AppContext, prefix: string): string {
  return c.req.path === pathOf(c.req.raw) ? prefix : '';
}
