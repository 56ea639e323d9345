/**
 * The media types (`Accept`) and codings (`Accept-Encoding`) that a client accepts, read by Hono's
 * parser.
 *
 * The parser takes time in proportion to the header's length, some 0.3 ms for the longest that is
 * read here. A longer header is ignored, which RFC 9110 (section 12.5) allows.
 */
import { accepts } from 'hono/accepts';
import { parseAccept } from 'hono/utils/accept';
import type { AppContext } from '../context.ts';

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
