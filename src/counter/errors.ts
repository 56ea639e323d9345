/**
 * The list of all error codes, and the error class that carries them.
 *
 * Every expected failure is an `AppError` with a code of this list; any other exception is a bug.
 * The message is for people: it describes the mistake and what to do instead. Not here: errors as
 * responses (`http/errors.ts`).
 */

/** The statuses of an error in HTTP and on the command line. */
export interface ErrorStatuses {
  /** The HTTP status. */
  readonly http: number;
  /** The exit status of a command that fails with it (numbers past 63: sysexits.h). */
  readonly exit: number;
  /** Seconds after which a client may retry; 1 when undefined, if the status allows a retry. */
  readonly retrySeconds?: number;
}

/** All codes. */
export const ERRORS = {
  // A request that cannot be served as it was sent.
  /** The counter's name is not valid. */
  'name-invalid': { http: 400, exit: 2 },
  /** No route has this path. */
  'route-missing': { http: 404, exit: 1 },
  /** The path does not take this method. */
  'method-not-allowed': { http: 405, exit: 1 },
  /** The URL is longer than the maximum. */
  'url-too-long': { http: 414, exit: 1 },
  // Browsers drop a refused prefetch and ask again when the person comes. 503 is what servers use
  // for it (https://datatracker.ietf.org/doc/draft-ietf-httpbis-pre-denied/, introduction).
  /** The request is a prefetch. */
  'prefetch-refused': { http: 503, exit: 1 },
  /** A parameter or the body is not valid. */
  'request-invalid': { http: 400, exit: 1 },
  /** The body is longer than the route takes. */
  'body-too-large': { http: 413, exit: 1 },
  /** The body was incomplete, or too late. */
  'body-incomplete': { http: 408, exit: 1 },
  /** The request needs a token and has none. */
  'token-missing': { http: 401, exit: 1 },
  /** The token has no rights here. */
  'token-refused': { http: 401, exit: 1 },
  /** The idempotency key is not valid. */
  'key-invalid': { http: 400, exit: 1 },
  /** The idempotency key was used for another request. */
  'key-reused': { http: 422, exit: 1 },
  /** The client has used up a limit. */
  'rate-limited': { http: 429, exit: 1 },
  /** The address has the maximum number of streams. */
  'too-many-streams': { http: 429, exit: 1 },
  /** The replica works on another export or import. */
  'transfer-busy': { http: 429, exit: 1 },
  /** The counter's name is reserved for a URL of another service. */
  'name-reserved': { http: 403, exit: 1 },
  // A counter that cannot serve the request.
  /** There is no such counter, or it may not be read. */
  'counter-missing': { http: 404, exit: 1 },
  /** The counter exists already. */
  'counter-exists': { http: 409, exit: 1 },
  /** The maximum number of counters is reached. */
  'counters-full': { http: 503, exit: 1, retrySeconds: 3600 },
  /** Space is short, so no title and no link is stored. */
  'store-full': { http: 503, exit: 1, retrySeconds: 3600 },
  /** The store has other data under the counter's name. */
  'counter-unreadable': { http: 500, exit: 1 },
  /** The total would leave the range in which numbers are exact. */
  'total-out-of-range': { http: 409, exit: 1 },
  // A hit that got no number. Only after `hit-unconfirmed` may it have been counted.
  /** The maximum number of idempotency keys is stored. */
  'keys-full': { http: 503, exit: 1, retrySeconds: 3600 },
  /** The maximum number of hits is waiting. */
  'waiting-full': { http: 503, exit: 1 },
  /** The replica is stopping. */
  draining: { http: 503, exit: 1 },
  /** The store does not answer, or refuses to write for now. */
  'store-unavailable': { http: 503, exit: 69 },
  /** It is unknown whether the hit was counted. */
  'hit-unconfirmed': { http: 503, exit: 1 },
  /** The store and the writer disagree about what was written last. */
  'sequence-mismatch': { http: 500, exit: 1 },
  // The process cannot start, or cannot go on.
  /** A mistake in the command line. */
  'usage-invalid': { http: 500, exit: 2 },
  /** A mistake in the settings. */
  'settings-invalid': { http: 500, exit: 2 },
  /** The store cannot be used until its configuration changes. */
  'store-unusable': { http: 503, exit: 78 },
  /** A port cannot be opened. */
  'port-unavailable': { http: 500, exit: 69 },
  /** A replica process ended by itself. */
  'replica-failed': { http: 500, exit: 70 },
  /** The output of a command could not be written. */
  'output-failed': { http: 500, exit: 74 },
  /** The stop exceeded its deadline. */
  'stop-overdue': { http: 500, exit: 75 },
} as const satisfies Record<string, ErrorStatuses>;

export type ErrorCode = keyof typeof ERRORS;

/** The HTTP and exit statuses of a code. */
export function statusesOf(code: ErrorCode): ErrorStatuses {
  return ERRORS[code];
}

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

/** The error for a missing counter; `where` names the place, as in ` in /data/seen.db`. */
export function counterMissing(counter: string, where = ''): AppError {
  return new AppError('counter-missing', `There is no counter ${counter}${where}.`);
}

/** The error for a counter without a public total: it does not exist, or it is private. */
export function counterNotPublic(counter: string): AppError {
  return new AppError(
    'counter-missing',
    `There is no counter ${counter} yet, or only its owner may read it. GET /hit/${counter} counts on it.`,
  );
}

/** The error for a new counter when the maximum number of counters is reached. */
export function countersFull(): AppError {
  return new AppError(
    'counters-full',
    'This Seen has the maximum number of counters. Ask its operator.',
  );
}

/** The error for a title or link when memory or disk is short. */
export function storeFull(): AppError {
  return new AppError(
    'store-full',
    'The store of this Seen is nearly full, so no title or link is stored. Ask its operator.',
  );
}

/** The error for a call of a store that was closed; `place` is its URL without a password. */
export function storeClosed(place: string): AppError {
  return new AppError('store-unavailable', `The store at ${place} is closed.`);
}

/**
 * Converts an error for an operation that counts nothing: `hit-unconfirmed` becomes
 * `store-unavailable`, other errors stay as they are.
 */
export function uncounted(error: unknown): unknown {
  if (!isAppError(error, 'hit-unconfirmed')) return error;
  return new AppError('store-unavailable', error.message, { cause: error.cause });
}

/** The message of an error, or its name if it has none; any other thrown value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Whether `error` is an expected failure; with codes, whether it is one of these. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
