/** The promises on SQLite, also when its file is locked or its disk full. */
import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder, until } from '../../support/folder.ts';
import { exactly, findings, load } from '../../support/load.ts';
import { Program } from '../../support/program.ts';
import { testPromises } from './on-store.ts';
import { cleanUp, mine, onSqlite, totalOf } from './shared.ts';

testPromises('SQLite', onSqlite);

test('P6 no downtime: where Linux migrates connections (tcp_migrate_req), SIGHUP fails no new connection either', async () => {
  // The setting is of a network, and so the program gets one of its own.
  const inside = `ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req && exec "$@"`;
  const script = join(import.meta.dir, '../../support/replace-under-new-connections.ts');
  const run = Bun.spawn(
    ['unshare', '--map-root-user', '--net', 'sh', '-c', inside, 'sh', process.execPath, script],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const evidence = JSON.parse(await new Response(run.stdout).text());
  expect(evidence).toEqual({ answered: expect.any(Number), refused: [], failed: [] });
  expect(evidence.answered).toBeGreaterThan(1000);
});

describe('on SQLite, when it fails', () => {
  afterEach(cleanUp);

  test('P7 bounded: while another process locks the file visits get 503, and recover by themselves', async () => {
    const { program } = await onSqlite({
      SEEN_REPLICAS: '1',
      SEEN_WAIT_MS: '2000',
      SEEN_STORE_TIMEOUT_MS: '300',
    });
    expect(await program.visit()).toBe(1);
    const other = new Database(program.database);
    other.run('PRAGMA busy_timeout = 20000');
    other.run('BEGIN IMMEDIATE');
    const refused = await fetch(program.url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('Retry-After')).toBe('1');
    other.run('ROLLBACK');
    other.close();
    await until('visits to be counted again', async () => (await fetch(program.url)).ok);
  });

  test('P7 bounded: with a full disk visits fail, nothing is lost, and visits count again when there is space', async () => {
    // A disk of 2 MB in memory, mounted for this program alone: that needs no rights where user
    // namespaces are allowed.
    using folder = temporaryFolder();
    const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
    const program = mine(
      await Program.prepare(
        { SEEN_STORE_URL: `sqlite:${folder.path}/seen.db`, SEEN_WAIT_MS: '700' },
        ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, folder.path],
      ),
    );
    await program.start();
    const filler = `/proc/${program.process.pid}/root${folder.path}/filler`;
    const first = await load({
      url: program.url,
      clients: 20,
      keepAlive: true,
      more: exactly(200),
    });
    await Bun.$`dd if=/dev/zero of=${filler} bs=4k`.quiet().nothrow();
    const during = await load({
      url: program.url,
      clients: 20,
      keepAlive: true,
      more: exactly(60),
    });
    expect(during.refused.get(503) ?? 0).toBeGreaterThan(0);
    await Bun.$`rm ${filler}`;
    await until('visits to be counted again', async () => (await fetch(program.url)).ok);
    const numbers = [...first.numbers, ...during.numbers];
    const total = await totalOf(program);
    expect(
      findings(
        {
          numbers,
          refused: new Map([[503, 100 + (during.refused.get(503) ?? 0)]]),
          failed: during.failed,
        },
        0,
        total,
      ),
    ).toEqual([]);
  });
});
