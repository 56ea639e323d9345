/**
 * Checks the URL of a database. Every part is used or refused: if Seen ignored a part silently, it
 * could count in the wrong place. Not here: PostgreSQL's URLs (`postgres-url.ts`), which the store
 * also parses to connect.
 */
import { readPostgresUrl } from '../postgres-url.ts';
import { isClusterUrl, nodeUrls } from '../redis-url.ts';

/**
 * The reason why `text` is not a valid store URL, as a predicate that follows the name of the
 * setting; `undefined` for a valid URL. Never repeats the text, which may contain a password.
 */
export function storeUrlMistake(text: string): string | undefined {
  if (text.startsWith('sqlite:')) return sqliteMistake(text.slice('sqlite:'.length));
  if (isClusterUrl(text)) return clusterMistake(text);
  if (!/^postgres(ql)?:/.test(text)) return redisUrlMistake(text);
  const read = readPostgresUrl(text);
  return typeof read === 'string' ? read : undefined;
}

/**
 * Whether the store at `url` uses the certificates in SEEN_STORE_CA. They are required where the
 * server's name is not checked: any server has a certificate of the system's authorities.
 */
export function useOfCertificates(url: string): 'none' | 'optional' | 'required' {
  if (/^rediss(\+cluster)?:/.test(url)) return 'optional';
  const read = readPostgresUrl(url);
  if (typeof read === 'string') return 'none';
  const { sslmode } = read;
  if (sslmode === 'verify-ca') return 'required';
  return sslmode === 'require' || sslmode === 'verify-full' ? 'optional' : 'none';
}

/**
 * The same as `storeUrlMistake`, for Redis only:
 * `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS.
 */
export function redisUrlMistake(text: string): string | undefined {
  const [, rest] = /^rediss?:\/\/(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return `is not a store URL: ${FORMS}`;
  const [before = '', ...after] = rest.split('@');
  if (after.length > 1 || /[\s\\]/.test(rest))
    return `has a character that must be escaped in a URL: ${ESCAPES}`;
  const address = after[0] ?? before;
  if (address.includes('#'))
    return `has a "#", which is not allowed in a store URL. In a password, write it as %23`;
  if (address.includes('?')) {
    return `has a "?" and parameters, ${NOT_SUPPORTED}. Write the database number as the path: redis://HOST:PORT/2`;
  }
  if (after.length > 0) {
    const [user, password] = splitOnce(before, ':');
    if (/[#?/]/.test(before) || !decodes(user) || !decodes(password ?? '')) {
      return `has a character in the user or password that must be escaped in a URL: ${ESCAPES}`;
    }
    if (!password)
      return 'has an "@" without a password before it: use redis://USER:PASSWORD@HOST:PORT';
  }
  const [host, path] = splitOnce(address, '/');
  if (host === '' || !URL.canParse(`redis://${host}`)) return `is not a store URL: ${FORMS}`;
  if (path !== undefined && path !== '' && !/^\d{1,9}$/.test(path)) {
    return 'has a path that is not the number of a database, as in redis://HOST:PORT/2';
  }
  return undefined;
}

/** The URL of each node must be valid. */
function clusterMistake(text: string): string | undefined {
  const nodes = nodeUrls(text);
  const mistake = nodes.map(redisUrlMistake).find((one) => one !== undefined);
  if (mistake !== undefined) return mistake;
  if (nodes.every((url) => ['', '/'].includes(new URL(url).pathname))) return undefined;
  return 'has the number of a database, which a Redis Cluster does not have: use redis+cluster://HOST:PORT,HOST:PORT';
}

const NOT_SUPPORTED = 'which Seen does not support';
const FORMS =
  'use redis://HOST:PORT, rediss://USER:PASSWORD@HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT, postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:PATH';
const ESCAPES = '@ is %40, # is %23, ? is %3F, / is %2F, % is %25, a space is %20';

function sqliteMistake(path: string): string | undefined {
  if (path === '') return `is not a store URL: ${FORMS}`;
  if (path.includes('?')) return `has a "?" and parameters, ${NOT_SUPPORTED}: use sqlite:PATH`;
  if (path === ':memory:' || path.startsWith('file:')) {
    return 'does not name a file on disk, which Seen needs: use sqlite:PATH';
  }
  // In other URLs a host follows two slashes, and an absolute path three.
  if (/^\/\/[^/]/.test(path))
    return 'has two slashes: use sqlite:./data/seen.db, or sqlite:/data/seen.db from the root';
  return undefined;
}

/** The text before and after the first `separator`; without one, the second is undefined. */
function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
