/**
 * Begins a connection: makes the client for one server, sets the session up, and refuses servers
 * that Seen cannot use.
 */
import type { Socket } from 'node:net';
import { Client } from 'pg';
import { AppError } from '../../counter/errors.ts';
import { type PostgresUrl, shownUrl } from '../../postgres-url.ts';
import type { Server } from './hosts.ts';
import { FAILOVER } from './refusals.ts';
import type { Encryption } from './tls.ts';

/** The oldest version with `client_connection_check_interval`. */
const VERSION_MIN = 14;

/**
 * Sets the session up and asks what the server is, in one round trip. Result: `standby`, and
 * `version` as in 150004. Settings that this version lacks are left out.
 *
 * Only the client has timeouts. When a timeout of the server cancels the wait of a COMMIT, the
 * COMMIT is applied and reports success, with only a warning (`session.ts`), which these settings
 * make the server send. While a statement waits for a lock, the server checks every second that
 * the client is there. Plans are made once and use an index, even when PostgreSQL's statistics
 * lag behind a table that has just grown; no bitmap, which reads all matches before a LIMIT. A
 * plan without an index then looks so expensive that PostgreSQL would compile it (JIT).
 */
const GREETING = `
  SELECT pg_catalog.pg_is_in_recovery() AS standby,
    pg_catalog.current_setting('server_version_num')::int AS version,
    (SELECT count(pg_catalog.set_config(name, value, false))
      FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
        ('client_connection_check_interval', '1s'), ('client_encoding', 'UTF8'),
        ('client_min_messages', 'warning'),
        ('default_transaction_isolation', 'read committed'), ('jit', 'off'),
        ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'),
        ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'),
        ('enable_mergejoin', 'off')) AS wanted (name, value)
      JOIN pg_catalog.pg_settings USING (name)) AS set`;

/** Below the 900 s after which a virtual address of Swarm forgets an idle connection. */
const KEEP_ALIVE_MS = 60_000;

/** More bytes than any first message of PostgreSQL has; libpq uses the same limit. */
const MESSAGE_MAX = 30_000;

/** A client that will connect over `socket`. `urlIn` is the name of the URL's setting. */
export function newClient(
  socket: Socket,
  server: Server,
  encryption: Encryption,
  { user, password, database }: PostgresUrl,
  urlIn: string,
): Client {
  return new Client({
    host: server.address,
    port: server.port,
    user,
    // A function, because the client would look elsewhere for a missing password.
    password: () => {
      if (password !== undefined) return password;
      const place = shownUrl({ hosts: [server], database });
      const message = `PostgreSQL at ${place} asks for a password, and ${urlIn} has none.`;
      throw new AppError('store-unavailable', message);
    },
    database,
    ssl: encryption,
    sslnegotiation: 'postgres',
    stream: () => socket,
    application_name: 'seen',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
}

/** Connects and sets the session up. Fails when this is no primary that Seen can use. */
export async function greet(client: Client, place: string, urlIn: string): Promise<void> {
  await client.connect();
  const { rows } = await client.query<{ standby: boolean; version: number }>(GREETING);
  const [{ standby, version } = { standby: false, version: 0 }] = rows;
  const major = Math.floor(version / 10_000);
  if (major < VERSION_MIN) {
    const message = `PostgreSQL at ${place} is version ${major}, and Seen needs ${VERSION_MIN} or newer.`;
    throw new AppError('store-unusable', message);
  }
  if (standby) {
    const advice = FAILOVER.replaceAll('{url}', urlIn);
    const message = `PostgreSQL at ${place} is a standby, which takes no visits. ${advice}.`;
    throw new AppError('store-unavailable', message);
  }
}

/**
 * Whether these first bytes can be PostgreSQL's. It answers a request for TLS with one letter, for
 * yes or no, and a login with a request for the password or another short message. An error may be
 * plain text.
 * https://www.postgresql.org/docs/15/protocol-message-formats.html
 */
export function isPostgres(bytes: Buffer, askedForTls: boolean): boolean {
  const letter = String.fromCodePoint(bytes[0] ?? 0);
  if (askedForTls && 'SN'.includes(letter)) return bytes.length === 1;
  if (letter === 'E') return true;
  return 'RNv'.includes(letter) && (bytes.length < 5 || bytes.readUInt32BE(1) < MESSAGE_MAX);
}
