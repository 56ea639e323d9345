/**
 * Shared by the surfaces of other services: reading parts of a request, the page that sent it,
 * headers, redirects, errors, and JSONP.
 *
 * JSONP is a response as a script that calls a function of the page, for pages from before CORS.
 * The page chooses the function’s name, so the name is validated. A counter’s name can be made
 * from the calling page, which anybody can forge, so it is validated afterwards.
 */
import type { Draft, Registry } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { SIMPLE_PAGE_POLICY } from '../../page/simple.ts';
import { webAddress } from '../../services/web-address.ts';

/** Redirects the client. `headers` are those of every response. */
export function redirect(to: string, status: 301 | 302 | 307 | 308, headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Location', to);
  return new Response(null, { status, headers: ours });
}

/** The type of a JSON response, as most services write it. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** The headers of a response of this type; `headers` are those of every response. */
export function typedHeaders(headers: Headers, type: string): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', type);
  return ours;
}

/** A reply as JSON; `headers` are those of every response. */
export function respond(
  { status, body }: { readonly status: number; readonly body: object },
  headers: Headers,
): Response {
  return new Response(JSON.stringify(body), { status, headers: typedHeaders(headers, JSON_TYPE) });
}

/** The headers of a response that pages load as a picture or script. */
export function embeddedHeaders(headers: Headers, type: string): Headers {
  const ours = typedHeaders(headers, type);
  // Pages that isolate themselves load resources of other sites only with this header.
  ours.set('Cross-Origin-Resource-Policy', 'cross-origin');
  return ours;
}

/** The headers of a small page (`page/simple.ts`). */
export function simplePageHeaders(headers: Headers): Headers {
  const ours = typedHeaders(headers, 'text/html; charset=utf-8');
  ours.set('Content-Security-Policy', SIMPLE_PAGE_POLICY);
  return ours;
}

/** The error for a path that is no call of a service; `calls` are those that it has. */
export function noSuchCall(calls: string): AppError {
  return new AppError(
    'route-missing',
    `There is nothing here, and nothing was counted. Use ${calls}.`,
  );
}

/** A counter, with its name in these services and in Seen. */
export interface NamedCounter {
  readonly namespace: string;
  readonly key: string;
  readonly name: string;
}

/**
 * A whole number, with or without a sign; `undefined` when it is not one, or JSON cannot carry it
 * exactly.
 */
export function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) return undefined;
  // Turns -0 into 0.
  return value + 0;
}

/** Creates a counter. For HEAD it only tells what GET would do. */
export async function createFor(
  { isHead }: { readonly isHead: boolean },
  registry: Pick<Registry, 'create' | 'describe'>,
  name: string,
  draft: Draft,
): ReturnType<Registry['create']> {
  if (!isHead) return registry.create(name, draft);
  return (await registry.describe(name)) ? 'exists' : 'created';
}

/** The reply where only the installation's owner may create counters. */
export const CLOSED = {
  status: 403,
  body: { error: 'Only the operator of this Seen creates counters. Ask them for one.' },
} as const;

/** A name, or names with dots between them. No other code matches. */
const CALLBACK = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;
/** Longer than the names that libraries generate. */
const CALLBACK_LENGTH_MAX = 100;

/** The content type of `jsonpScript`. */
export const SCRIPT_TYPE = 'application/javascript; charset=utf-8';

/**
 * The function that a request names in a parameter of its query; `undefined` for none or an
 * invalid name.
 */
export function callbackIn(query: URLSearchParams, parameter = 'callback'): string | undefined {
  const name = query.get(parameter) ?? '';
  return name.length <= CALLBACK_LENGTH_MAX && CALLBACK.test(name) ? name : undefined;
}

/**
 * Fails with `request-invalid` when the callback of a request is not a valid name. Call it before
 * anything is counted.
 */
export function requireCallable(query: URLSearchParams): void {
  if (query.has('callback') && callbackIn(query) === undefined) {
    throw new AppError(
      'request-invalid',
      `callback must be the name of a function, of letters, digits, "_", "$" and "." and at most ${CALLBACK_LENGTH_MAX} characters. Nothing was counted.`,
    );
  }
}

/** The script that calls `callback` with `value`. */
export function jsonpScript(callback: string, value: object): string {
  // The comment keeps the body from beginning with text that the client chose.
  return `/**/${callback}(${asLiteral(value)});`;
}

/** JSON that is also valid JavaScript, and safe inside a page. */
export function asLiteral(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[<>\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The page that sent a request: from `Referer`, which may include the path, otherwise from
 * `Origin`.
 */
export function callingPage(headers: Headers): URL | undefined {
  for (const name of ['Referer', 'Origin']) {
    const page = webAddress(headers.get(name) ?? '');
    if (page) return page;
  }
  return undefined;
}

/**
 * The page's host as part of a name, padded with dots to the shortest length. An unknown page
 * gives three dots.
 */
export function hostPart(page: URL | undefined): string {
  return (page?.hostname ?? '').padStart(3, '.');
}

/** The page's path without slashes as part of a name, padded in the same way. */
export function pathPart(page: URL | undefined): string {
  return (page?.pathname ?? '').replaceAll('/', '').padStart(3, '.');
}
