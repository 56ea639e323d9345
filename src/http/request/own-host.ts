/**
 * Host names of compatible services: such a host serves the calls of one service at the root, and
 * nothing else.
 *
 * It is for owners of pages with fixed URLs of that service: they point its host name here. Not
 * here: the calls themselves.
 */

import { getPath } from 'hono/utils/url';
import type { AppContext } from '../context.ts';

/** The path of a service on every host, by the host name that serves it at the root. */
export type OwnHosts = ReadonlyMap<string, string>;

/**
 * The path of a request. HTTP/1.0 needs no Host, and without one Bun gives only the path as the
 * URL.
 */
function pathOf(request: Request): string {
  return request.url.startsWith('/') ? (request.url.split('?', 1)[0] ?? '/') : getPath(request);
}

/**
 * The path to route a request by. On a service's own host name, the service's path comes first.
 */
export function pathOn(hosts: OwnHosts): (request: Request) => string {
  if (hosts.size === 0) return pathOf;
  const prefixes = new Map([...hosts].map(([host, prefix]) => [host.toLowerCase(), prefix]));
  return (request) => {
    const host = (request.headers.get('Host') ?? '').toLowerCase().replace(/\.?(:\d+)?$/, '');
    return `${prefixes.get(host) ?? ''}${pathOf(request)}`;
  };
}

/** The root of a service for this client: its path, or empty on its own host name. */
export function rootFor(c: AppContext, prefix: string): string {
  return c.req.path === pathOf(c.req.raw) ? prefix : '';
}
