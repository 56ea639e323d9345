/**
 * The limits on bodies: a small one for everybody, and a large one for the uploads of the
 * installation's owner.
 *
 * Bun has one limit for all routes, and keeps what has arrived of a body in memory until its
 * request is answered. So Bun's limit is above both, and these are checked before anything waits.
 * A body of unknown length (chunked) is read within its limit before the handler runs. Not here:
 * reading (`reading.ts`, `upload.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import type { RequestState } from './lifecycle.ts';

/** Few routes take a body, and only a small one. The others ignore it, as HTTP requires. */
export const BODY_BYTES_MAX = 16 * 1024;
/** A file of 500,000 counters with totals only. Larger ones are for `seen import`. */
export const UPLOAD_BYTES_MAX = 64 * 1024 ** 2;
/**
 * Bun's own limit, beyond which it responds without a text. Everything shorter gets here, and an
 * error that says what to do.
 */
export const ARRIVING_BYTES_MAX = 1024 ** 3;

/** The route that takes uploads. */
export interface UploadRoute {
  readonly path: string;
  /** Fails unless the client may send one. */
  readonly requireRight: (headers: Headers) => void;
}

/**
 * Marks an upload; for requests that may have a body. Fails with `body-too-large`, and for an
 * upload as `requireRight` does. `pathOf` returns the path of the request.
 */
export function checkBody(
  state: RequestState,
  pathOf: (request: Request) => string,
  upload: UploadRoute | undefined,
): void {
  const { request } = state;
  const { method, headers } = request;
  const length = Number(headers.get('Content-Length') ?? 0);
  if (length <= BODY_BYTES_MAX && !isChunked(request)) return;
  if (upload !== undefined && method === 'POST' && pathOf(request) === upload.path) {
    state.route = upload.path;
    upload.requireRight(headers);
    state.uploads = true;
    if (length > UPLOAD_BYTES_MAX) throw uploadTooLarge();
  } else if (length > BODY_BYTES_MAX) throw bodyTooLarge();
}

/** Whether the body comes without its length. */
export function isChunked({ headers }: Request): boolean {
  return headers.has('Transfer-Encoding');
}

/** The error for a body beyond `BODY_BYTES_MAX`. */
export function bodyTooLarge(): AppError {
  return new AppError(
    'body-too-large',
    `The body of this request is longer than ${BODY_BYTES_MAX / 1024} KiB. Nothing was counted or done.`,
  );
}

/** The error for an upload beyond `UPLOAD_BYTES_MAX`. */
export function uploadTooLarge(): AppError {
  return new AppError(
    'body-too-large',
    `This file is larger than ${UPLOAD_BYTES_MAX / 1024 ** 2} MiB, and nothing was imported. Import it with the command seen import FILE, or in parts.`,
  );
}
