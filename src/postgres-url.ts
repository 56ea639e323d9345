/**
 * Reads the URL of a PostgreSQL database, as libpq writes it, with one or several hosts. Every
 * part is used or refused: if Seen ignored a part silently, it could count in the wrong place. A
 * leaf: `config/` checks URLs with it, `stores/postgres/` connects by it.
 * https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
 */
import { isIPv6 } from 'node:net';

/** How connections are encrypted, and what of the server is checked, as in libpq. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** A name or an address (IPv6 without brackets), and a port. */
export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

/** The parts of a URL, decoded. */
export interface PostgresUrl {
  readonly user: string;
  /** Undefined when the URL has none: the server may trust the user by the address. */
  readonly password: string | undefined;
  /** At least one, in the order of the URL. */
  readonly hosts: readonly PostgresHost[];
  readonly database: string;
  readonly sslmode: SslMode;
}

/**
 * Reads `postgres://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]…]/DATABASE[?sslmode=MODE]`. For other
 * text, returns the mistake as a predicate that follows the name of the setting, with advice. The
 * mistake never repeats the text, which may contain a password.
 */
export function readPostgresUrl(text: string): PostgresUrl | string {
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return `is not the URL of a PostgreSQL database: use ${FORM}`;
  const [before = '', address, ...more] = rest.split('@');
  if (more.length > 0 || /[\s\\]/.test(rest))
    return `has a character that must be escaped in a URL: ${ESCAPES}`;
  if (address === undefined || before === '') return `has no user: use ${FORM}`;
  const [user, password] = splitOnce(before, ':').map(decoded);
  if (/[#?/]/.test(before) || user === undefined || (password === undefined && /:/.test(before))) {
    return `has a character in the user or password that must be escaped in a URL: ${ESCAPES}`;
  }
  if (user === '' || password === '')
    return `has an empty user or password: use ${FORM}, or USER@HOST without a password`;
  if (address.includes('#')) return `has a "#", which is not allowed in a store URL`;
  const [place, parameters] = splitOnce(address, '?');
  const hosts = readHosts(splitOnce(place, '/')[0]);
  if (typeof hosts === 'string') return hosts;
  const database = decoded(splitOnce(place, '/')[1]);
  if (!database || database.includes('/'))
    return `has no database, or more than a database, after the hosts: use ${FORM}`;
  const sslmode = readMode(parameters);
  return typeof sslmode === 'object'
    ? sslmode.mistake
    : { user, password, hosts, database, sslmode };
}

/** The URL without user, password and parameters, for messages. */
export function shownUrl({ hosts, database }: Pick<PostgresUrl, 'hosts' | 'database'>): string {
  const list = hosts.map(({ host, port }) => `${isIPv6(host) ? `[${host}]` : host}:${port}`);
  return `postgres://${list.join(',')}/${encodeURIComponent(database)}`;
}

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';
const ESCAPES = '@ is %40, # is %23, ? is %3F, / is %2F, % is %25, a space is %20';
const PORT = 5432;

function readHosts(list: string): readonly PostgresHost[] | string {
  const hosts: PostgresHost[] = [];
  for (const entry of list.split(',')) {
    const [, ipv6, name, port] =
      /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
    const host = ipv6 ?? name;
    if (host === undefined || (ipv6 !== undefined && !isIPv6(ipv6))) {
      return `has a host that is not HOST or HOST:PORT, with IPv6 addresses in brackets and commas between hosts: use ${FORM}`;
    }
    if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))
      return 'has a port that is not a number from 1 to 65535';
    hosts.push({ host, port: Number(port ?? PORT) });
  }
  return hosts;
}

/** Advice for parameters of libpq that people use, and Seen does not read. */
const INSTEAD: Readonly<Record<string, string>> = {
  sslrootcert: 'Give the certificates in SEEN_STORE_CA',
  ssl: 'Use sslmode',
  connect_timeout: 'Use SEEN_STORE_TIMEOUT_MS',
  target_session_attrs: 'Leave it out: Seen looks for the primary among the hosts',
  host: 'Write the hosts before the database, as in HOST1:5432,HOST2:5432',
  user: 'Write the user before the hosts, as in USER:PASSWORD@HOST',
  password: 'Write the password before the hosts, as in USER:PASSWORD@HOST',
  application_name: 'Leave it out: the name is seen',
};

/** The mode in the parameters; as in libpq, `prefer` without one. */
function readMode(parameters: string | undefined): SslMode | { mistake: string } {
  if (parameters === undefined) return 'prefer';
  const [name, value] = splitOnce(parameters, '=');
  if (name !== 'sslmode' || parameters.includes('&')) {
    const names = parameters.split('&').map((parameter) => splitOnce(parameter, '=')[0]);
    const other = names.find((known) => known !== 'sslmode') ?? '';
    const advice = Object.hasOwn(INSTEAD, other) ? INSTEAD[other] : 'Leave out all others';
    return { mistake: `has parameters other than one sslmode, after the "?". ${advice}` };
  }
  const mode = SSL_MODES.find((known) => known === value);
  return mode ?? { mistake: `has an sslmode that is not one of ${SSL_MODES.join(', ')}` };
}

/** The text before and after the first `separator`; without one, the second is undefined. */
function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Undefined for text that is not valid in a URL, or has a NUL, which no name contains. */
function decoded(text: string | undefined): string | undefined {
  try {
    const plain = text === undefined ? undefined : decodeURIComponent(text);
    return plain?.includes('\0') ? undefined : plain;
  } catch {
    return undefined;
  }
}
