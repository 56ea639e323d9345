/**
 * The closed list of what can go wrong, and the one error class that carries it.
 *
 * Every expected failure is an `AppError` with a code of this list; whatever else is thrown is a
 * bug. The message says what was wrong and what to do instead, because a person reads it. Not
 * here: what a code means on a surface. HTTP statuses are in `http/errors.ts`, exit statuses in
 * `main.ts`.
 */

export type ErrorCode =
  // A request that cannot be served as it was sent.
  | 'name-invalid'
  | 'route-missing'
  | 'method-not-allowed'
  | 'url-too-long'
  | 'prefetch-refused'
  | 'request-invalid'
  | 'body-incomplete'
  | 'token-missing'
  | 'token-refused'
  | 'key-invalid'
  | 'key-reused'
  | 'rate-limited'
  // A counter that cannot give what was asked.
  | 'counter-missing'
  | 'counter-exists'
  | 'counters-full'
  | 'counter-unreadable'
  | 'too-many-streams'
  | 'total-out-of-range'
  // A hit that got no number: all but the last were certainly not counted, the last may have been.
  | 'keys-full'
  | 'waiting-full'
  | 'draining'
  | 'store-unavailable'
  | 'hit-unconfirmed'
  // The store and the writer disagree about what was written last.
  | 'sequence-mismatch'
  // A snapshot of all counters that cannot be had just now.
  | 'export-running'
  | 'export-lost'
  // The process cannot start, or cannot go on.
  | 'usage-invalid'
  | 'settings-invalid'
  | 'store-unusable'
  | 'port-unavailable'
  | 'replica-failed'
  | 'stop-overdue';

/**
 * An expected failure. `cause` holds the driver's or the system's own error, for the log;
 * `retryAfterMs` says when it may be over.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The same failure of something that counts nothing: whether it was done does not matter. */
export function uncounted(error: unknown): unknown {
  if (!isAppError(error, 'hit-unconfirmed')) return error;
  return new AppError('store-unavailable', error.message, { cause: error.cause });
}

/** Whether `error` is an expected failure; with codes, whether it is one of these. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
