/** One request for every route and method of the app's own routing table. */
import type { App } from '../../src/http/app.ts';
import { INSTALLATION } from '../support/app.ts';

/** A request that its route answers. */
export interface Target {
  readonly route: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** The counter that requests name. */
export const NAMESPACE = 'my-site';
export const KEY = 'page';

/** The page that clients of busuanzi name. */
const PAGE = 'https://my-site.test/page';
/** The paths of Vercount's calls. */
const LOG = /^\/busuanzi\/.*log$/;

/** The queries that a route requires. */
const QUERIES: Readonly<Record<string, string>> = {
  '/live': '?counters=hits,my-site/page',
  '/api/v1/values': '?names=hits,my-site/page',
  '/api/v1/counters': '?prefix=my-site/made',
  '/busuanzi': '?jsonpCallback=BusuanziCallback_123456789012',
  '/busuanzi/': '?jsonpCallback=BusuanziCallback_123456789012',
  '/busuanzi/busuanzi': '?jsonpCallback=BusuanziCallback_123456789012',
  '/busuanzi/jsonp': '?callback=BszCallback_12345_67890',
  '/busuanzi/log': `?url=${PAGE}`,
  '/busuanzi/api/v1/log': `?url=${PAGE}`,
  '/busuanzi/api/v2/log': `?url=${PAGE}`,
  '/countapi/update/*': '?amount=1',
  '/countapi/set/*': '?value=1',
  '/abacus/set/*': '?value=1',
  '/counterapi/v1/:ns/:key/set': '?count=1',
  '/dwyl/*': '.svg?style=flat-square',
  // A URN has a dot.
  '/hits-sh/*': '.html.svg?view=today-total',
  '/hits-sh/api/urns/*': '.html',
  '/komarev/ghpvc': '?username=octocat&count=yes',
  '/komarev/ghpvc/': '?username=octocat&count=yes',
  '/abacus/update/*': '?value=1',
  '/seeyoufarm/api/count/incr/badge.svg': '?url=https://github.com/octocat/hello',
  '/seeyoufarm/api/count/keep/badge.svg': '?url=https://github.com/octocat/hello',
  '/seeyoufarm/api/count/graph/dailyhits.svg': '?url=https://github.com/octocat/hello',
  '/visitor-badge/badge': '?page_id=octocat.hello',
};

/**
 * The methods by which a route does different things. PUT stands for all that are refused or
 * redirected.
 */
const METHODS = new Set(['GET', 'POST', 'PATCH', 'DELETE']);

/**
 * Requests for all routes: with every method that a route takes, with HEAD, OPTIONS, and one that
 * is refused.
 */
export function targetsOf(routes: App['routes']): Target[] {
  // `ALL` is middleware.
  const byPath = Map.groupBy(
    routes.filter(({ method }) => method !== 'ALL'),
    ({ path }) => path,
  );
  return [...byPath].flatMap(([route, those]) => {
    const taken = [...new Set(those.map(({ method }) => method))].filter((method) =>
      METHODS.has(method),
    );
    const methods = [...taken, ...(taken.includes('GET') ? ['HEAD'] : []), 'OPTIONS', 'PUT'];
    return pathsOf(route).flatMap((path) =>
      methods.map((method) => ({
        route,
        method,
        path: `${path}${QUERIES[route] ?? ''}`,
        headers: headersOf(route, method),
        body: bodyOf(route, method),
      })),
    );
  });
}

/** The paths that stand for a route: pictures are one route for several kinds of file. */
function pathsOf(route: string): string[] {
  const named = route
    .replace(/:(ns|namespace)\b/, NAMESPACE)
    .replace(':key', KEY)
    .replace('*', restOf(route));
  if (!named.includes(':file'))
    return [named.replace(/(.)\/$/, route.endsWith('*') ? '$1' : '$1/')];
  const endings = route.startsWith('/badge')
    ? ['svg', 'json']
    : route.startsWith('/chart')
      ? ['svg']
      : ['gif'];
  const file = named.includes(NAMESPACE) ? KEY : 'hits';
  return endings.map((ending) => named.replace(':file', `${file}.${ending}`));
}

/** What stands for `*`. */
function restOf(route: string): string {
  if (/\/(stats|healthcheck)\//.test(route)) return '';
  return route.startsWith('/moe-counter/') ? `@${NAMESPACE}` : `${NAMESPACE}/${KEY}`;
}

/** Exports and imports of everything. */
const WHOLE = /^\/api\/v1\/(export|import)$/;

function headersOf(route: string, method: string): Record<string, string> {
  // Only the installation's owner may, and bounds are for strangers.
  if (WHOLE.test(route)) return { Authorization: 'Bearer a-wrong-token' };
  if (
    route.startsWith('/api/') ||
    (route.startsWith('/abacus/') && method === 'POST') ||
    /^\/counterapi\/.*\/(down|set|reset)$/.test(route)
  ) {
    return { Authorization: `Bearer ${INSTALLATION}`, 'Content-Type': 'application/json' };
  }
  if (route.startsWith('/busuanzi')) return { Referer: PAGE, 'X-Bsz-Referer': PAGE };
  if (route === '/own-visits' && method === 'POST') {
    return { 'Content-Type': 'application/x-www-form-urlencoded' };
  }
  return {};
}

function bodyOf(route: string, method: string): string | undefined {
  if (method !== 'POST' && method !== 'PATCH' && method !== 'PUT') return undefined;
  if (route === '/own-visits') return 'visits=in';
  if (route.endsWith('/hit')) return '{"amount":1}';
  if (LOG.test(route)) return `{"url":"${PAGE}","isNewUv":true}`;
  if (route === '/api/v1/counters') {
    return '{"name":"my-site/made","title":"Made","link":"https://my-site.test/"}';
  }
  if (route === '/api/v1/import') return 'my-site/page,1';
  return '{"value":1}';
}
