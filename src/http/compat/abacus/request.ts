/**
 * Reads a request to Abacus: the counter, the parameters, the token, or a redirect.
 *
 * The path is parsed here and not by the router, because the namespace is optional, slashes
 * redirect, and each part is decoded once. Not here: the calls (`calls.ts`).
 */

import { AppError } from '../../../counter/errors.ts';
import { invalidPart } from '../../../counter/name.ts';
import { decodedPart } from '../../../services/naming.ts';
import type { AppContext } from '../../context.ts';
import type { VisitOptions } from '../../visit/counting.ts';
import { bearerIn } from '../../visit/owners.ts';
import { callingPage, hostPart, type NamedCounter, pathPart } from '../shared.ts';

/** The path of Abacus on every host. */
export const ABACUS_PREFIX = '/abacus';

/**
 * The path after an operation's name: `counter` is `/NAMESPACE/KEY`; `open` also allows `/KEY/`,
 * in the namespace `default`; `create` is like `open`, and also allows `/`; `owned` is like
 * `open`, but does not redirect from `/KEY` to `/KEY/`, which would repeat a token; `alone` is
 * empty.
 */
export type Shape = 'counter' | 'open' | 'create' | 'owned' | 'alone';

/** A parsed request. */
export interface Call {
  /** Namespace and key, decoded; none where the operation names no counter. */
  readonly words: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Counts this request on a counter and returns its number, `null` when it is not public. */
  readonly count: (counter: string, options?: VisitOptions) => Promise<number | null>;
  /** Whether the request is a HEAD, which changes nothing. */
  readonly isHead: boolean;
  /** Fails when this request may not create the counter. */
  readonly mayCreate: (counter: string) => Promise<void>;
}

/**
 * The words in the path after `operation`, or the target of a redirect, which is `undefined` when
 * the path does not fit. Fails with `route-missing` when there are too many words.
 */
export function pathWords(
  c: AppContext,
  operation: string,
  shape: Shape,
): readonly string[] | { readonly to: string | undefined } {
  const tail = c.req.path.slice(`${ABACUS_PREFIX}/${operation}`.length);
  switch (shape) {
    case 'alone':
      return tail === '' ? [] : { to: tail === '/' ? withoutSlash(c) : undefined };
    case 'counter': {
      const [, namespace, key, slash] = /^\/([^/]+)\/([^/]+)(?:\/shield)?(\/?)$/.exec(tail) ?? [];
      if (namespace === undefined || key === undefined) return { to: undefined };
      return slash === '' ? [namespace, key].map(decodedPart) : { to: withoutSlash(c) };
    }
    case 'create':
      if (tail === '') return { to: withSlash(c) };
      return tail === '/' ? [] : openWordsIn(c, tail, shape);
    case 'open':
    case 'owned':
      return openWordsIn(c, tail, shape);
  }
}

function openWordsIn(c: AppContext, tail: string, shape: Shape): ReturnType<typeof pathWords> {
  const [, first, slash, rest = ''] = /^\/([^/]+)(\/?)(.*)$/s.exec(tail) ?? [];
  if (first === undefined) return { to: undefined };
  if (slash === '' && shape !== 'owned') return { to: withSlash(c) };
  const [key = '', ...more] = rest.split('/').filter((word) => word !== '');
  if (more.length > 0) {
    throw new AppError(
      'route-missing',
      'Route not found. Use /create/:namespace/:key or /hit/:key instead.',
    );
  }
  return (key === '' ? ['default', first] : [first, key]).map(decodedPart);
}

/** The request's path with a slash at its end, without the token. */
function withSlash(c: AppContext): string {
  return elsewhere(c, (path) => `${path}/`);
}

/** The request's path without the slash at its end, without the token. */
function withoutSlash(c: AppContext): string {
  return elsewhere(c, (path) => path.replace(/\/$/, ''));
}

/** The request's changed path and its query, without the token. */
function elsewhere(c: AppContext, change: (path: string) => string): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.delete('token');
  return `${change(pathname)}${searchParams.size === 0 ? '' : `?${searchParams.toString()}`}`;
}

/**
 * The counter that a request names, with `:HOST:` and `:PATH:` replaced. The name may be invalid.
 * Fails with `request-invalid`.
 */
export function namedIn({ words, headers }: Call): NamedCounter {
  const [namespace = '', key = ''] = words.map((word) => replaced(word, headers));
  return { namespace, key, name: `${namespace}/${key}` };
}

/** Replaces a reserved word. Fails with `request-invalid` when the request names no page. */
function replaced(word: string, headers: Headers): string {
  if (word !== ':HOST:' && word !== ':PATH:') return word;
  const page = callingPage(headers);
  if (page) return word === ':HOST:' ? hostPart(page) : pathPart(page);
  const header = word === ':HOST:' ? 'Origin' : 'Referer';
  throw new AppError('request-invalid', `${header} header is required if ${word} is used`);
}

/** Fails with `name-invalid` unless the counter's name is valid. */
export function requireName({ namespace, key }: NamedCounter): void {
  const wrong = invalidPart(namespace, key);
  if (wrong === undefined) return;
  const bytes = Buffer.byteLength(wrong === 'key' ? key : namespace);
  const rule =
    bytes < 3 || bytes > 64
      ? 'length must be between 3 and 64 characters inclusive'
      : String.raw`must match the pattern ^[A-Za-z0-9_\-.]{3,64}$`;
  throw new AppError('name-invalid', `Invalid ${wrong}: ${rule}`);
}

/** Whether the counter's name is valid. */
export function isName({ namespace, key }: NamedCounter): boolean {
  return invalidPart(namespace, key) === undefined;
}

/** The token in a header or in the query; `undefined` for none. */
export function tokenIn({ headers, query }: Call): string | undefined {
  return bearerIn(headers) ?? (query.get('token') || undefined);
}
