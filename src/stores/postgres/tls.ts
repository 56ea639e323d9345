/**
 * The modes of encryption (`sslmode`) as options of Bun's TLS, with libpq's meaning:
 * https://www.postgresql.org/docs/15/libpq-ssl.html
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { PostgresHost, SslMode } from '../../postgres-url.ts';

/** How one connection is encrypted: `false` is not at all. */
export type Encryption = false | ConnectionOptions;

/**
 * The encryptions to try with a host, in this order. `ca` are the only certificates (PEM) to
 * trust; without them, the system's are trusted. With them, every mode checks the server's chain,
 * as libpq does when there is a root certificate.
 */
export function encryptionsFor(
  mode: SslMode,
  { host }: PostgresHost,
  ca: string | undefined,
): readonly Encryption[] {
  // The names that `node:tls` needs, because the connection is made to an address.
  const name = isIP(host) === 0 ? { host, servername: host } : { host };
  const trust = ca === undefined ? {} : { ca };
  const full = { ...name, ...trust };
  const chain = { ...full, checkServerIdentity: () => undefined };
  const encrypted = ca === undefined ? { ...name, rejectUnauthorized: false } : chain;
  switch (mode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, encrypted];
    case 'prefer':
      return [encrypted, false];
    case 'require':
      return [encrypted];
    case 'verify-ca':
      return [chain];
    case 'verify-full':
      return [full];
  }
}
