/**
 * Reads HTTP/1.1 responses from the text that a connection has received (`connection.ts`). Pure
 * functions.
 */

/** A response. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly servedBy: string | undefined;
  /** Whether the server closes the connection after it. */
  readonly last: boolean;
}

/** A response that is not as HTTP defines it. The message says what is wrong. */
export class BadResponse extends Error {
  override readonly name = 'BadResponse';
}

const LENGTH = /^content-length:[ \t]*(\d+)/im;
const CHUNKED = /^transfer-encoding:.*chunked/im;
const SERVED_BY = /^x-served-by:[ \t]*(.*?)[ \t]*$/im;
const CLOSE = /^connection:.*close/im;

/**
 * The response at the beginning of `text`, and its length with those of the interim responses
 * (100 to 199) before it; `undefined` while it is incomplete. Fails with `BadResponse`. RFC 9112.
 */
export function readAnswer(
  text: string,
  atEnd: boolean,
): { answer: Answer; length: number } | undefined {
  for (let from = 0; ; ) {
    const head = text.indexOf('\r\n\r\n', from);
    if (head === -1) return undefined;
    const headers = text.slice(from, head);
    const status = Number(headers.slice(9, 12));
    from = head + 4;
    if (status >= 100 && status < 200) continue;
    const read = readBody(status, headers, text.slice(from), atEnd);
    if (!read) return undefined;
    return {
      answer: {
        status,
        body: read.body,
        servedBy: SERVED_BY.exec(headers)?.[1],
        last: atEnd || headers.startsWith('HTTP/1.0') || CLOSE.test(headers),
      },
      length: from + read.length,
    };
  }
}

/** A body, and its length in the text. */
interface Body {
  readonly body: string;
  readonly length: number;
}

function readBody(
  status: number,
  headers: string,
  rest: string,
  atEnd: boolean,
): Body | undefined {
  // No Content and Not Modified end with their headers, whatever these say.
  if (status === 204 || status === 304) return { body: '', length: 0 };
  if (CHUNKED.test(headers)) return readChunks(rest);
  const length = LENGTH.exec(headers)?.[1];
  if (length === undefined) return atEnd ? { body: rest, length: rest.length } : undefined;
  const size = Number(length);
  return rest.length < size ? undefined : { body: rest.slice(0, size), length: size };
}

/** The size at the beginning of a chunk, before extensions. */
const CHUNK_SIZE = /^([\da-f]+)[ \t]*(;|$)/i;

function readChunks(text: string): Body | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(CHUNK_SIZE.exec(text.slice(at, line))?.[1] ?? '', 16);
    if (Number.isNaN(size)) throw new BadResponse('bad chunk size');
    if (size === 0) return readTrailers(text, line + 2, body);
    const end = line + 2 + size;
    if (text.length < end + 2) return undefined;
    body += text.slice(line + 2, end);
    at = end + 2;
  }
}

/** The trailers after the last chunk end with an empty line. */
function readTrailers(text: string, from: number, body: string): Body | undefined {
  for (let at = from; ; ) {
    const end = text.indexOf('\r\n', at);
    if (end === -1) return undefined;
    if (end === at) return { body, length: end + 2 };
    at = end + 2;
  }
}
