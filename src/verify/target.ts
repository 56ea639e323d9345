/**
 * The target of a run: a URL that counts each request, and optionally one that only reads.
 *
 * Any service works that answers with a number: JSON with a `value`, or text in which the first
 * number is the visit's.
 */
import { AppError } from '../counter/errors.ts';
import { counterIn, DEFAULT_COUNTER } from '../counter/name.ts';

/** The address of a counter. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  /** The value of the `Host` header. */
  readonly host: string;
  readonly hitPath: string;
  /** `undefined` if the counter cannot be read without counting. */
  readonly readPath: string | undefined;
}

/** A user name or a password before the host, also in a text that is no URL. */
const CREDENTIALS = /^([a-z][a-z\d+.-]*:)?[/\\]*[^/\\?#]*@/i;

/**
 * The target of a URL, and of a counter `ns/key` of a Seen there. Fails with `usage-invalid`,
 * `name-invalid`.
 */
export function targetOf(text: string, counter: string | undefined): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Refused first, so that no message has a password.
  if (CREDENTIALS.test(text) || url?.username || url?.password) {
    throw new AppError(
      'usage-invalid',
      'seen verify sends no user name and no password. Leave out what is before the @ in the URL.',
    );
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new AppError(
      'usage-invalid',
      `“${text}” is not a URL. Write it as in http://localhost:8000`,
    );
  }
  const tls = url.protocol === 'https:';
  const place = {
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (tls ? 443 : 80),
    tls,
    host: url.host,
  };
  if (counter === undefined)
    return { ...place, hitPath: `${url.pathname}${url.search}`, readPath: undefined };
  if (url.pathname !== '/' || url.search !== '') {
    throw new AppError(
      'usage-invalid',
      `With --counter the URL is that of Seen, without a path: ${url.origin}. To visit another URL, leave out --counter.`,
    );
  }
  const name = counterIn(counter);
  if (name === DEFAULT_COUNTER) {
    throw new AppError(
      'usage-invalid',
      `The counter ${name} is hit at the URL itself: leave out --counter.`,
    );
  }
  return { ...place, hitPath: `/hit/${name}`, readPath: `/get/${name}` };
}

/**
 * The bytes of a request for `path`, for a connection that is kept or not, with an optional
 * idempotency key.
 */
export function requestFor({ host }: Target, path: string, keeps: boolean, key?: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/plain, application/json\r\nUser-Agent: seen-verify\r\n${
    key === undefined ? '' : `Idempotency-Key: ${key}\r\n`
  }${keeps ? '' : 'Connection: close\r\n'}\r\n`;
}

/** The code of an error of Seen with a space before it; empty when there is none. */
export function codeIn(body: string): string {
  const code = /"code":"([a-z-]+)"|\(([a-z-]+)\)\n?$/.exec(body);
  return code ? ` ${code[1] ?? code[2]}` : '';
}

/** The number in a response; `undefined` when there is none that could be a visit's. */
export function numberIn(body: string): number | undefined {
  const digits = /"value"\s*:\s*(-?\d+)/.exec(body)?.[1] ?? /\d+/.exec(body)?.[0];
  const number = Number(digits);
  return digits !== undefined && Number.isSafeInteger(number) ? number : undefined;
}
