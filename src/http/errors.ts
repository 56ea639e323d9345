/**
 * Errors as HTTP: the one place that turns codes into statuses, and an error into a response.
 *
 * The body is `{"error": "what was wrong and what to do", "code": "..."}` or the same as text, as the client asked.
 */
import { AppError, type ErrorCode } from '../counter/errors.ts';

/** The HTTP status of an error code. */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'name-invalid':
    case 'key-invalid':
      return 400;
    case 'route-missing':
    case 'counter-missing':
      return 404;
    case 'method-not-allowed':
      return 405;
    case 'total-out-of-range':
      return 409;
    case 'url-too-long':
      return 414;
    case 'key-reused':
      return 422;
    // Browsers drop a refused prefetch and ask again when the person comes. 503 is what servers use for it
    // (https://datatracker.ietf.org/doc/draft-ietf-httpbis-pre-denied/, introduction).
    case 'prefetch-refused':
    case 'keys-full':
    case 'waiting-full':
    case 'draining':
    case 'store-unavailable':
    case 'store-unusable':
    case 'hit-unconfirmed':
      return 503;
    case 'counter-unreadable':
    case 'sequence-mismatch':
    case 'usage-invalid':
    case 'settings-invalid':
    case 'port-unavailable':
    case 'replica-failed':
    case 'stop-overdue':
      return 500;
  }
}

/** The error as a response: JSON or text. What is not an `AppError` is answered without its details. */
export function errorResponse(error: unknown, as: 'json' | 'text', headers: Headers): Response {
  const { code, message } =
    error instanceof AppError
      ? error
      : { code: 'internal', message: 'This is a bug in Seen. The log of this replica has the details.' };
  const status = error instanceof AppError ? statusOf(error.code) : 500;
  const ours = new Headers(headers);
  // One second: a store that is back is found within one, and a busy queue is worked off in less.
  if (status === 503) ours.set('Retry-After', '1');
  if (as === 'text') {
    ours.set('Content-Type', 'text/plain; charset=utf-8');
    return new Response(`${message} (${code})\n`, { status, headers: ours });
  }
  ours.set('Content-Type', 'application/json');
  return new Response(JSON.stringify({ error: message, code }), { status, headers: ours });
}
