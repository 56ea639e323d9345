/**
 * What a client accepts: media types (`Accept`) and codings (`Accept-Encoding`), read by Hono's
 * parser.
 *
 * The parser takes time in proportion to the header's length, some 0.3 ms for the longest that is
 * read here. A header that is longer is treated as if it were not there, which RFC 9110 (section
 * 12.5) allows.
 */
import { accepts } from 'hono/accepts';
import { parseAccept } from 'hono/utils/accept';
import type { AppContext } from '../context.ts';

/** Browsers send less than 200 characters, and no program needs five times that. */
const LENGTH_MAX = 1024;

/**
 * The one of the media types `supports` that the client prefers; `otherwise` when it names none of
 * them.
 */
export function acceptedBy(c: AppContext, supports: string[], otherwise: string): string {
  if (isTooLong(c.req.header('Accept'))) return otherwise;
  return accepts(c, { header: 'Accept', supports, default: otherwise });
}

/**
 * Whether the client takes a response that is compressed with gzip: it names gzip or `*`, with a
 * weight above 0.
 */
export function takesGzip(c: AppContext): boolean {
  const header = c.req.header('Accept-Encoding') ?? '';
  if (isTooLong(header)) return false;
  const codings = parseAccept(header);
  // `x-gzip` is the same (RFC 9110, section 8.4.1.3). What is said of gzip itself goes before what
  // is said of all.
  const gzip =
    codings.find(({ type }) => /^(x-)?gzip$/i.test(type)) ??
    codings.find(({ type }) => type === '*');
  return gzip !== undefined && gzip.q > 0;
}

function isTooLong(header: string | undefined): boolean {
  return header !== undefined && header.length > LENGTH_MAX;
}
