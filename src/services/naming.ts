/**
 * Turns an address or a user's name, which other services count by, into the name of a counter.
 *
 * A part of a name has 3 to 64 letters, digits, `_`, `.` and `-`, and addresses have more. A slash
 * becomes `..`, and what still does not fit is cut and gets a hash, so that two addresses never
 * share a counter. Names that only such a URL makes are reserved for it (`isReserved`).
 */
import { createHash } from 'node:crypto';
import { COUNTER_PART } from '../counter/name.ts';

/** Stands for an empty path. */
const EMPTY = '...';
/** Digits of the hash: 64 bits. */
const HASH_LENGTH = 16;
/** A part with a hash. */
const HASHED = /-[\da-f]{16}$/;
/** The readable part in front of a hash, so that both have the length of a valid part. */
const READABLE_MAX = 64 - HASH_LENGTH - 1;

/**
 * The name of the counter of a page: its host is the namespace, and its path the key, as in
 * `github.com/octocat..hello`. `path` is decoded, with or without a slash in front. A page of
 * `''` is the root of its host, and differs from none of its pages.
 */
export function counterOfAddress(host: string, path: string): string {
  return counterOf(host.toLowerCase(), path.replace(/^\//, ''));
}

/** The services that count users or ids, each in the namespace with its name. */
const SERVICES_OF_USERS = ['dwyl', 'komarev', 'moe-counter', 'visitor-badge'] as const;

/** The name of the counter of a user of a service, as in `komarev/octocat`. */
export function counterOfUser(service: (typeof SERVICES_OF_USERS)[number], user: string): string {
  return counterOf(service, user);
}

/** The name of the counter of any two texts. */
export function counterOf(namespace: string, key: string): string {
  return `${partOf(namespace)}/${partOf(key)}`;
}

/** A host in a namespace: it has a dot inside, and no capital letters. */
const HOST = /^[^A-Z]*[^A-Z.]\.[^A-Z.][^A-Z]*$/;

/**
 * Whether a counter is reserved for a URL of a service: only its visits create it, and otherwise
 * the installation's owner.
 *
 * Reserved are the namespaces of users, and in the namespace of a host the names that
 * `counterOfAddress` changes: for paths with a slash, for the root of a host and what is counted
 * beside it (`...`, `...site`), and those with a hash. So is every namespace with a hash. A page
 * directly under its host is not: pages that used CountAPI create `example.com/visits`, which is
 * the same name.
 */
export function isReserved(counter: string): boolean {
  const [namespace = '', key = ''] = counter.split('/');
  if ((SERVICES_OF_USERS as readonly string[]).includes(namespace)) return true;
  // A host that was cut may have no dot left.
  if (HASHED.test(namespace)) return true;
  return HOST.test(namespace) && (key.includes('..') || HASHED.test(key));
}

/** Whether it is a name as on GitHub: letters and digits, with single hyphens between them. */
export function isUserName(text: string): boolean {
  return /^[a-z\d](?:-?[a-z\d])*$/i.test(text);
}

/**
 * Decodes a part of a URL once, `%41bc` to `Abc`, so that the result is what is validated. A part
 * that cannot be decoded stays as it is.
 */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The text as a valid part of a name; different texts give different parts. */
function partOf(text: string): string {
  if (text === '') return EMPTY;
  const part = text.replaceAll('/', '..');
  // Another text would give the same part: with dots next to a slash, or two of them; and one that
  // ends as if it had a hash.
  const ambiguous =
    text.includes('..') || /\.\/|\/\./.test(text) || /^\.+$/.test(part) || HASHED.test(part);
  if (!ambiguous && COUNTER_PART.test(part)) return part;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  const readable = part.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, READABLE_MAX);
  return `${readable}-${hash}`;
}
