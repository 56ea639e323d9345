/** The error of a call that failed. */

/** A call that failed: the API refused it, or there was no answer in time. */
export class SeenError extends Error {
  override readonly name = 'SeenError';
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The code of the API, such as `counter-missing`; `unreachable` when there was no answer. */
  readonly code: string;
  /** Seconds after which to try again, when Seen said so. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: ErrorOptions & { retryAfter?: number | undefined } = {},
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}
