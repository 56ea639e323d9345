/**
 * Reads a request to CountAPI: the counter and the parameters.
 *
 * The path is parsed here and not by the router, because the namespace is optional, a slash may
 * follow, and each part is decoded once. Not here: the calls (`calls.ts`).
 */

import { AppError } from '../../../counter/errors.ts';
import { invalidPart } from '../../../counter/name.ts';
import type { AppContext } from '../../context.ts';
import { callingPage, hostPart, pathPart } from '../calling-page.ts';
import { decodedPart, type NamedCounter, wholeNumber } from '../shared.ts';

/** The path of CountAPI on every host. */
export const COUNTAPI_PREFIX = '/countapi';

/** A parsed request. */
export interface Call {
  /** The parts of the path after the operation, decoded. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Counts this request on a counter and returns its number, `null` for a private one. */
  readonly count: (counter: string, amount?: number) => Promise<number | null>;
  /** Fails with `rate-limited` when this request may not create a counter. */
  readonly mayMake: (counter: string) => Promise<void>;
}

/** Parses a request for `operation`; `does` are its functions for counting and limits. */
export function callOf(
  c: AppContext,
  operation: string,
  does: Pick<Call, 'count' | 'mayMake'>,
): Call {
  const rest = c.req.path.slice(`${COUNTAPI_PREFIX}/${operation}/`.length).replace(/\/$/, '');
  return {
    parts: rest === '' ? [] : rest.split('/').map(decodedPart),
    query: new URL(c.req.url).searchParams,
    headers: c.req.raw.headers,
    ...does,
  };
}

/** The counter in the path, `KEY` or `NAMESPACE/KEY`. Fails with `name-invalid`. */
export function namedInPath(call: Call): NamedCounter {
  return namedBy(call, call.parts.length === 1 ? ['default', ...call.parts] : call.parts);
}

/**
 * The counter with this namespace and key, with `:HOST:` and `:PATHNAME:` replaced. Fails with
 * `name-invalid`.
 */
export function namedBy({ headers }: Call, words: readonly string[]): NamedCounter {
  const page = words.some((word) => word.startsWith(':')) ? callingPage(headers) : undefined;
  const [namespace = '', key = '', ...more] = words.map((word) => replaced(word, page));
  if (invalidPart(namespace, key) !== undefined || more.length > 0)
    throw new AppError('name-invalid', 'Malformed Namespace/Key');
  return { namespace, key, name: `${namespace}/${key}` };
}

/** Replaces a reserved word. */
function replaced(word: string, page: URL | undefined): string {
  switch (word) {
    case ':HOST:':
      return hostPart(page);
    case ':PATHNAME:':
      return pathPart(page);
    default:
      return word;
  }
}

/**
 * A whole number from the query. Fails with `request-invalid`, also when it is missing and has no
 * `standard`.
 */
export function wholeNumberIn(query: URLSearchParams, name: string, standard?: number): number {
  const text = query.get(name);
  if (text === null && standard !== undefined) return standard;
  const value = wholeNumber(text ?? '');
  if (value === undefined) {
    throw new AppError('request-invalid', `${name} must be a whole number, as in ${name}=1`);
  }
  return value;
}

/** A yes or no from the query; no when it is missing. Fails with `request-invalid`. */
export function booleanIn(query: URLSearchParams, name: string): boolean {
  const word = (query.get(name) ?? 'false').toLowerCase();
  if (word === '1' || word === 'true') return true;
  if (word === '0' || word === 'false') return false;
  throw new AppError('request-invalid', `${name} must be 1, true, 0 or false`);
}
