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

/** The rows of "Life of a hit": their first columns, and the second ones. */
async function rows(): Promise<{ label: string; files: string }[]> {
  const document = await Bun.file(join(ROOT, 'ARCHITECTURE.md')).text();
  const [, section = ''] = document.split(/^## Life of a hit$/m);
  return [...section.matchAll(/^\| (\w+) \| (.*?) \|/gm)].map(([, label = '', files = '']) => ({
    label,
    files,
  }));
}

const filesIn = (text: string) => [...text.matchAll(/`(.*?)`/g)].map(([, name = '']) => name);

/** The files between the socket and the database, and those aside. */
async function filesNamed(store: string) {
  const all = await rows();
  const path = all.filter(({ label }) => /^\d$/.test(label) || label === store);
  const aside = all.find(({ label }) => label === 'aside')?.files.split('; ') ?? [];
  // After the files of all stores come those of some, as `Redis: …`.
  const ofStore = aside.filter(
    (text, index) => index === 0 || text.split(': ')[0]?.includes(store),
  );
  return {
    path: path.flatMap(({ files }) => filesIn(files)),
    aside: ofStore.flatMap(filesIn),
  };
}

/** Fails unless a visit enters just the files that are named, 12 of them on the way at most. */
async function expectFilesNamed(storeUrl: string, store: string) {
  const { path, aside } = await filesNamed(store);
  expect([...(await filesEntered(storeUrl))].toSorted()).toEqual([...path, ...aside].toSorted());
  expect(path.length).toBeLessThanOrEqual(12);
}

describe('a visit enters the files that ARCHITECTURE.md names, at most 12 on the way', () => {
  test('with SQLite', async () => {
    using folder = temporaryFolder();
    await expectFilesNamed(`sqlite:${join(folder.path, 'seen.db')}`, 'SQLite');
  }, 60_000);

  test('with Redis', async () => {
    await using redis = await RedisServer.start();
    await expectFilesNamed(redis.url, 'Redis');
  }, 60_000);

  test('with PostgreSQL', async () => {
    await using postgres = await PostgresServer.start();
    await expectFilesNamed(postgres.url, 'PostgreSQL');
  }, 60_000);
});
