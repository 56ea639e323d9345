/**
 * Errors as HTTP: the one place that turns codes into statuses, and an error into a response.
 *
 * The body is `{"error": "what was wrong and what to do", "code": "..."}`, the same as text, a page, a problem document (RFC 9457), or
 * `{"error": "..."}` alone, as the surface has it and the client asked.
 */
import { STATUS_CODES } from 'node:http';
import { AppError, type ErrorCode } from '../counter/errors.ts';
import { noticePage } from '../page/notice.ts';
import { pageHeaders, styleLink } from './pages/assets.ts';

/** The HTTP status of an error code. */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'name-invalid':
    case 'request-invalid':
    case 'key-invalid':
      return 400;
    case 'token-missing':
    case 'token-refused':
      return 401;
    case 'route-missing':
    case 'counter-missing':
      return 404;
    case 'method-not-allowed':
      return 405;
    case 'body-incomplete':
      return 408;
    case 'total-out-of-range':
    case 'counter-exists':
      return 409;
    case 'url-too-long':
      return 414;
    case 'key-reused':
      return 422;
    case 'rate-limited':
    case 'too-many-streams':
      return 429;
    // Browsers drop a refused prefetch and ask again when the person comes. 503 is what servers use for it
    // (https://datatracker.ietf.org/doc/draft-ietf-httpbis-pre-denied/, introduction).
    case 'prefetch-refused':
    case 'keys-full':
    case 'counters-full':
    case 'waiting-full':
    case 'draining':
    case 'store-unavailable':
    case 'store-unusable':
    case 'hit-unconfirmed':
      return 503;
    case 'counter-unreadable':
    case 'sequence-mismatch':
    case 'export-running':
    case 'export-lost':
    case 'usage-invalid':
    case 'settings-invalid':
    case 'port-unavailable':
    case 'replica-failed':
    case 'stop-overdue':
      return 500;
  }
}

/** A time as headers have it: not over too early, and at least 1. */
export function wholeSeconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))}`;
}

/** In which form an error is told. */
export type ErrorForm = 'json' | 'text' | 'page' | 'problem' | 'bare';

/** The error as a response. What is not an `AppError` is answered without its details. */
export function errorResponse(error: unknown, as: ErrorForm, headers: Headers): Response {
  const { code, message } =
    error instanceof AppError
      ? error
      : { code: 'internal', message: 'This is a bug in Seen. The log of this replica has the details.' };
  const status = error instanceof AppError ? statusOf(error.code) : 500;
  const ours = new Headers(headers);
  // One second: a store that is back is found within one, and a busy queue is worked off in less.
  // Room for keys and counters comes by the hour.
  if (status === 503)
    ours.set('Retry-After', code === 'keys-full' || code === 'counters-full' ? '3600' : '1');
  if (status === 429) ours.set('Retry-After', wholeSeconds((error as AppError).retryAfterMs ?? 0));
  if (status === 401)
    ours.set('WWW-Authenticate', code === 'token-refused' ? 'Bearer error="invalid_token"' : 'Bearer');
  if (as === 'problem') {
    ours.set('Content-Type', 'application/problem+json');
    const title = STATUS_CODES[status] ?? '';
    return new Response(JSON.stringify({ type: 'about:blank', title, status, detail: message, code }), {
      status,
      headers: ours,
    });
  }
  if (as === 'page') {
    const page = pageHeaders(ours);
    page.set('Cache-Control', 'no-store');
    return new Response(noticePage(styleLink(), status, message, code), { status, headers: page });
  }
  if (as === 'text') {
    ours.set('Content-Type', 'text/plain; charset=utf-8');
    return new Response(`${message} (${code})\n`, { status, headers: ours });
  }
  ours.set('Content-Type', 'application/json');
  return new Response(JSON.stringify({ error: message, ...(as === 'json' ? { code } : {}) }), {
    status,
    headers: ours,
  });
}
