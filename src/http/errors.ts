/**
 * Errors as HTTP responses. Not here: the codes and their statuses (`counter/errors.ts`).
 *
 * The body is `{"error": "what was wrong and what to do", "code": "..."}`, the same as text, a
 * page, a problem document (RFC 9457), `{"error": "..."}` alone, or a message with the status:
 * `{"code": "404", "message": "..."}`. The path and the request decide which (`error-forms.ts`).
 * A surface with a form of its own rewrites these (`rewriteErrors`).
 */
import { STATUS_CODES } from 'node:http';
import type { ErrorHandler, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { AppError, isAppError, statusesOf } from '../counter/errors.ts';
import { noticePage } from '../page/notices.ts';
import { decodedPart } from '../services/naming.ts';
import type { AppContext, Env } from './context.ts';
import { type ErrorForm, formOf } from './error-forms.ts';
import { errorPageHeaders, styleLink } from './pages/assets.ts';
import { languageFor, queryFor } from './pages/language.ts';

/** A duration in seconds for headers: rounded up, and at least 1. */
export function wholeSeconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))}`;
}

/** What clients are told of an error that is not expected. */
export const BUG = {
  code: 'internal',
  message: 'This is a bug in Seen. The log of this replica has the details.',
} as const;

/** What a response tells of an error, and its headers. */
function partsOf(error: unknown, headers: Headers) {
  const known = isAppError(error) ? error : undefined;
  const { code, message } = known ?? BUG;
  const { http: status, retrySeconds = 1 } = known ? statusesOf(known.code) : { http: 500 };
  const ours = new Headers(headers);
  // One second: a store that recovers is found within one, and a full queue empties in less.
  if (status === 503) ours.set('Retry-After', `${retrySeconds}`);
  if (status === 429) ours.set('Retry-After', wholeSeconds(known?.retryAfterMs ?? 0));
  if (status === 401)
    ours.set(
      'WWW-Authenticate',
      code === 'token-refused' ? 'Bearer error="invalid_token"' : 'Bearer',
    );
  return { status, code, message, retryMs: known?.retryAfterMs, headers: ours };
}

/** The error in the form for this client. One other than `AppError` is shown without details. */
export function errorFor(c: AppContext, error: unknown, headers: Headers): Response {
  const form = formOf(c);
  return form === 'page' ? errorPage(c, error, headers) : errorResponse(error, form, headers);
}

/** The longest part of a path that is shown. */
const PATH_LENGTH_MAX = 80;

/** The error as a page in the language of the client. */
function errorPage(c: AppContext, error: unknown, headers: Headers): Response {
  const { headers: ours, status, ...parts } = partsOf(error, headers);
  const address = decodedPart(c.req.path).slice(0, PATH_LENGTH_MAX);
  const notice = { ...parts, status, address, query: queryFor(c) };
  return new Response(noticePage(styleLink(), languageFor(c), notice), {
    status,
    headers: errorPageHeaders(ours),
  });
}

/** The error as a response for programs. One other than `AppError` is shown without details. */
export function errorResponse(
  error: unknown,
  as: Exclude<ErrorForm, 'page'>,
  headers: Headers,
): Response {
  const { status, code, message, headers: ours } = partsOf(error, headers);
  if (as === 'problem') {
    ours.set('Content-Type', 'application/problem+json');
    const title = STATUS_CODES[status] ?? '';
    return new Response(
      JSON.stringify({ type: 'about:blank', title, status, detail: message, code }),
      {
        status,
        headers: ours,
      },
    );
  }
  if (as === 'text') {
    ours.set('Content-Type', 'text/plain; charset=utf-8');
    return new Response(`${message} (${code})\n`, { status, headers: ours });
  }
  ours.set('Content-Type', 'application/json');
  if (as === 'status') {
    return new Response(JSON.stringify({ code: `${status}`, message }), { status, headers: ours });
  }
  return new Response(JSON.stringify({ error: message, ...(as === 'json' ? { code } : {}) }), {
    status,
    headers: ours,
  });
}

/**
 * The error handler of the app. `headers` are those of every response; `onBug` receives each error
 * that is not an `AppError`.
 */
export function errorHandler(
  headers: Headers,
  onBug: (error: unknown) => void,
): ErrorHandler<Env> {
  return (caught, c) => {
    const error = asAppError(caught, c);
    if (!isAppError(error)) onBug(error);
    const response = errorFor(c, error, headers);
    if (isAppError(error, 'body-incomplete', 'body-too-large')) closeAfter(response);
    return response;
  };
}

/** The response to a request whose body is refused before it is read. */
export function refusedBody(error: AppError, { url }: Request, headers: Headers): Response {
  const isApi = /^([^/]*\/\/[^/]*)?\/api\//.test(url);
  return closeAfter(errorResponse(error, isApi ? 'problem' : 'text', headers));
}

/** The rest of the body must not be read as the next request. */
function closeAfter(response: Response): Response {
  response.headers.set('Connection', 'close');
  return response;
}

/**
 * Turns mistakes of the client into an `AppError`; any other error is a bug and stays as it is.
 */
function asAppError(error: unknown, c: AppContext): unknown {
  if (isAppError(error)) return error;
  // With an invalid `Host`, Bun makes no absolute URL, and some surfaces need one.
  if (!URL.canParse(c.req.url)) {
    return new AppError('request-invalid', 'The Host header is not a valid host.', {
      cause: error,
    });
  }
  if (error instanceof HTTPException) {
    const message = `${error.message}. Send JSON as described in /openapi.json.`;
    return new AppError('request-invalid', message, { cause: error });
  }
  return error;
}

/** An error, taken out of its response. */
export interface ShownError {
  readonly status: number;
  /** `undefined` where the form of the path has none. */
  readonly code: string | undefined;
  readonly message: string;
  /** A copy of the response's headers. */
  readonly headers: Headers;
}

/** Writes an error in a form of its own. */
export type ErrorWriter = (c: AppContext, error: ShownError) => Response;

/** The types of the responses that `rewriteErrors` rewrites. Surfaces add a charset to theirs. */
const REWRITABLE = new Set(['application/json', 'application/problem+json']);

/**
 * Middleware that gives the errors of some paths another form than `formOf`. `writerFor` returns
 * the function that writes an error for this client; `undefined` keeps the response. A mistake for
 * which a surface has its own response is no such error.
 */
export function rewriteErrors(
  writerFor: (c: AppContext, status: number) => ErrorWriter | undefined,
): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next();
    const { status, headers } = c.res;
    if (status < 400 || !REWRITABLE.has(headers.get('Content-Type') ?? '')) return;
    const write = writerFor(c, status);
    if (!write) return;
    const { code, detail, error } = (await c.res.json()) as Record<string, string | undefined>;
    const message = detail ?? error ?? '';
    const response = write(c, { status, code, message, headers: new Headers(headers) });
    if (response.status !== status) c.env.realStatus = status;
    // Otherwise Hono would copy the old response's headers over the new ones.
    c.res = undefined;
    c.res = response;
  };
}
