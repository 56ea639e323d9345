/**
 * Reads parts of a request, within bounds that Hono lacks: the media types (`Accept`) and codings
 * (`Accept-Encoding`) that a client accepts, and the whole body before its handler runs.
 *
 * Hono’s parser of these headers takes time in proportion to their length, some 0.3 ms for the
 * longest that is read here. A longer header is ignored, which RFC 9110 (section 12.5) allows. Not
 * here: the size limits of bodies (`body-limit.ts`), and uploads (`upload.ts`).
 */
import { accepts } from 'hono/accepts';
import { parseAccept } from 'hono/utils/accept';
import { AppError } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import type { AppContext } from '../context.ts';
import { BODY_BYTES_MAX, bodyTooLarge, isChunked } from './body-limit.ts';

/** Browsers send less than 200 characters, and no program needs five times that. */
const LENGTH_MAX = 1024;

/**
 * The media type of `supports` that the client prefers; `otherwise` when it names none of them.
 */
export function acceptedBy(c: AppContext, supports: string[], otherwise: string): string {
  if (isTooLong(c.req.header('Accept'))) return otherwise;
  return accepts(c, { header: 'Accept', supports, default: otherwise });
}

/** Whether the client accepts gzip: it names gzip or `*`, with a weight above 0. */
export function takesGzip(c: AppContext): boolean {
  const header = c.req.header('Accept-Encoding') ?? '';
  if (isTooLong(header)) return false;
  const codings = parseAccept(header);
  // `x-gzip` is the same (RFC 9110, section 8.4.1.3). An entry for gzip itself overrides `*`.
  const gzip =
    codings.find(({ type }) => /^(x-)?gzip$/i.test(type)) ??
    codings.find(({ type }) => type === '*');
  return gzip !== undefined && gzip.q > 0;
}

function isTooLong(header: string | undefined): boolean {
  return header !== undefined && header.length > LENGTH_MAX;
}

/** How long a body may take. Long enough for 16 KiB over a slow mobile network. */
export const BODY_MS = 5000;

/**
 * Reads a body of unknown length, for handlers that may not read it: until the response, Bun would
 * keep all that arrives. Undefined when there is nothing to wait for. Fails as `wholeBody` does.
 */
export function boundedBody(c: AppContext): Promise<void> | undefined {
  if (c.env.uploads || !isChunked(c.req.raw)) return undefined;
  return wholeBody(c);
}

/**
 * Resolves when all of the body has arrived. Until then a stop does not wait for the request.
 * Fails with `body-incomplete` after 5 s, when the body breaks the rules of HTTP, and when
 * the client leaves; with `body-too-large` when its length was unknown and is above the limit.
 */
export async function wholeBody({ req, env }: AppContext): Promise<void> {
  const { raw } = req;
  if (raw.body === null) return;
  env.lacksBody = true;
  const chunked = isChunked(raw);
  let body: ArrayBuffer;
  try {
    // Without pieces, Hono keeps it for the handler.
    const arriving = chunked ? piecesWithin(raw.body, BODY_BYTES_MAX) : req.arrayBuffer();
    body = await within(BODY_MS, arriving, () => {
      throw new AppError(
        'body-incomplete',
        `The body of the request did not arrive within ${BODY_MS / 1000} s.`,
      );
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('body-incomplete', 'The body of the request did not arrive whole.', {
      cause: error,
    });
  } finally {
    env.lacksBody = false;
  }
  if (chunked) req.raw = new Request(raw, { method: raw.method, body });
}

/** Of a body that is too long, the rest can still be read (`unread-body.ts`). */
async function piecesWithin(body: ReadableStream<Uint8Array>, max: number): Promise<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body.values({ preventCancel: true })) {
    size += piece.length;
    if (size > max) throw bodyTooLarge();
    pieces.push(piece);
  }
  return new Blob(pieces).arrayBuffer();
}
