/** ARCHITECTURE.md names the files that a visit enters, and they are few. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folder.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

/** So many that no line runs as often otherwise, at the start or by a timer. */
const VISITS = 300;

/** The files of `src/` in which some line runs once for each plain-text visit, or more often. */
async function filesEntered(storeUrl: string): Promise<Set<string>> {
  using folder = temporaryFolder();
  const { exitCode, stderr } = await Bun.$`${process.execPath} test --timeout=60000 --coverage \
    --coverage-reporter=lcov --coverage-dir=${folder.path} ./test/support/visits-under-coverage.ts`
    .cwd(ROOT)
    .env({
      ...process.env,
      VISITS: `${VISITS}`,
      FLAGS: `--store-url=${storeUrl} --host=127.0.0.1 --port=0 --drain-ms=0`,
    })
    .quiet()
    .nothrow();
  expect({ exitCode, said: exitCode === 0 ? '' : stderr.toString() }).toEqual({
    exitCode: 0,
    said: '',
  });
  const entered = new Set<string>();
  let file = '';
  for (const line of (await Bun.file(join(folder.path, 'lcov.info')).text()).split('\n')) {
    const [, name] = /^SF:src\/(.*)$/.exec(line) ?? [];
    if (line.startsWith('SF:')) file = name ?? '';
    const [, times = 0] = /^DA:\d+,(\d+)/.exec(line) ?? [];
    if (file !== '' && Number(times) >= VISITS) entered.add(file);
  }
  return entered;
}

/** The files in the rows of "Life of a hit" whose first column is one of `labels`. */
async function filesNamed(labels: RegExp): Promise<string[]> {
  const document = await Bun.file(join(ROOT, 'ARCHITECTURE.md')).text();
  const [, section = ''] = document.split(/^## Life of a hit$/m);
  const rows = [...section.matchAll(/^\| (\w+) \| (.*?) \|/gm)];
  return rows.flatMap(([, label = '', files = '']) =>
    labels.test(label) ? [...files.matchAll(/`(.*?)`/g)].map(([, name = '']) => name) : [],
  );
}

describe('a visit enters the files that ARCHITECTURE.md names', () => {
  test('with SQLite, at most 12 of them between the socket and the database', async () => {
    using folder = temporaryFolder();
    const path = await filesNamed(/^(\d|SQLite)$/);
    const entered = await filesEntered(`sqlite:${join(folder.path, 'seen.db')}`);
    expect([...entered].toSorted()).toEqual(
      [...path, ...(await filesNamed(/^aside$/))].toSorted(),
    );
    expect(path.length).toBeLessThanOrEqual(12);
  }, 60_000);

  test('with Redis, at most 14', async () => {
    await using redis = await RedisServer.start();
    const path = await filesNamed(/^(\d|Redis)$/);
    const entered = await filesEntered(redis.url);
    expect([...entered].toSorted()).toEqual(
      [...path, ...(await filesNamed(/^aside$/))].toSorted(),
    );
    expect(path.length).toBeLessThanOrEqual(14);
  }, 60_000);

  test('with PostgreSQL, at most 14', async () => {
    await using postgres = await PostgresServer.start();
    const path = await filesNamed(/^(\d|PostgreSQL)$/);
    const entered = await filesEntered(postgres.url);
    expect([...entered].toSorted()).toEqual(
      [...path, ...(await filesNamed(/^aside$/))].toSorted(),
    );
    expect(path.length).toBeLessThanOrEqual(14);
  }, 60_000);
});
