/** Encryption: each `sslmode` means what it means in libpq. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../../../support/folder.ts';
import { PostgresServer, SAFE } from '../../../support/postgres-server.ts';
import { failureOf, open } from './database.ts';

const folder = temporaryFolder();
const file = (name: string) => join(folder.path, name);

/** Whether the connection is encrypted, or the words of the error. */
async function connects(url: string, ca: string | undefined): Promise<boolean | string> {
  using database = open(url, { ca });
  let encrypted = false;
  const failure = await failureOf(
    database.ask(
      'reads',
      async (client) => {
        const asked = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
        encrypted = (await client.query<{ ssl: boolean }>(asked)).rows[0]?.ssl ?? false;
      },
      'store-unavailable',
    ),
  );
  return failure === undefined ? encrypted : String(failure);
}

describe('the encryption of PostgreSQL', () => {
  let encrypted: PostgresServer;
  let plain: PostgresServer;
  let ours: string;
  let other: string;
  beforeAll(async () => {
    await Bun.$`
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=ours"
      openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 2 -subj "/CN=other"
      openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
      echo subjectAltName=DNS:localhost > names
      openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names
    `
      .cwd(folder.path)
      .quiet();
    ours = await Bun.file(file('ca.crt')).text();
    other = await Bun.file(file('other.crt')).text();
    const tls = { certificate: file('server.crt'), key: file('server.key') };
    encrypted = await PostgresServer.start(SAFE, { tls });
    plain = await PostgresServer.start();
  });
  afterAll(async () => {
    await encrypted[Symbol.asyncDispose]();
    await plain[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const at = (server: PostgresServer, mode: string, host: string) =>
    `postgres://seen:seen@${host}:${server.port}/seen?sslmode=${mode}`;

  test.each([
    ['disable', false],
    ['allow', false],
    ['prefer', true],
    ['require', true],
    ['verify-ca', 'certificate'],
    ['verify-full', 'certificate'],
  ] as const)('%s, to a server that has it and nobody vouches for', async (mode, expected) => {
    const found = await connects(at(encrypted, mode, '127.0.0.1'), undefined);
    if (typeof expected === 'boolean') expect(found).toBe(expected);
    else expect(found).toContain(expected);
  });

  test.each([
    ['disable', false],
    ['allow', false],
    ['prefer', false],
    ['require', 'does not support SSL'],
    ['verify-ca', 'does not support SSL'],
    ['verify-full', 'does not support SSL'],
  ] as const)('%s, to a server that has none', async (mode, expected) => {
    const found = await connects(at(plain, mode, '127.0.0.1'), undefined);
    if (typeof expected === 'boolean') expect(found).toBe(expected);
    else expect(found).toContain(expected);
  });

  test('with certificates to trust, the server is checked, and its name by verify-full', async () => {
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await connects(at(encrypted, mode, 'localhost'), ours)).toBe(true);
      const stranger = await connects(at(encrypted, mode, 'localhost'), other);
      expect(stranger).toContain('certificate');
    }
    // Its certificate is for localhost.
    for (const mode of ['require', 'verify-ca']) {
      expect(await connects(at(encrypted, mode, '127.0.0.1'), ours)).toBe(true);
    }
    const wrong = await connects(at(encrypted, 'verify-full', '127.0.0.1'), ours);
    expect(wrong).toContain("does not match certificate's altnames");
  });

  test('allow encrypts where the server insists, prefer does not where it refuses', async () => {
    const hba = await encrypted.sql('SHOW hba_file');
    const before = await Bun.file(hba).text();
    const rules = async (kind: string) => {
      await Bun.write(hba, `${kind} seen seen all scram-sha-256\nhost all postgres all trust\n`);
      await encrypted.sql('SELECT pg_reload_conf()');
    };
    await rules('hostssl');
    expect(await connects(at(encrypted, 'allow', '127.0.0.1'), undefined)).toBe(true);
    expect(await connects(at(encrypted, 'disable', '127.0.0.1'), undefined)).toContain('(28000)');
    await rules('hostnossl');
    expect(await connects(at(encrypted, 'prefer', '127.0.0.1'), undefined)).toBe(false);
    expect(await connects(at(encrypted, 'require', '127.0.0.1'), undefined)).toContain('(28000)');
    await Bun.write(hba, before);
    await encrypted.sql('SELECT pg_reload_conf()');
  });
});
