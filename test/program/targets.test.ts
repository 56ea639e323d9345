/** The files that `seen export` and `seen backup` write, and what they must not replace. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../support/folder.ts';
import { MAIN } from '../support/program.ts';
import { newSqlite } from '../support/stores/sqlite.ts';

/** Root may write everything; others are what this is about. */
const AS_NOBODY =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

describe('a target', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  /** Runs a command of Seen as a user with few rights. */
  async function seen(words: readonly string[], stdout: 'pipe' | Bun.BunFile = 'pipe') {
    const run = Bun.spawn([...AS_NOBODY, process.execPath, MAIN, ...words], {
      cwd: folder.path,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder.path,
        SEEN_STORE_URL: `sqlite:${join(folder.path, 'seen.db')}`,
      },
      stdin: 'ignore',
      stdout,
      stderr: 'pipe',
    });
    const error = await new Response(run.stderr).text();
    return { status: await run.exited, error };
  }

  beforeAll(async () => {
    folder = temporaryFolder();
    chmodSync(folder.path, 0o777);
    expect(await seen(['migrate'])).toEqual({ status: 0, error: '' });
  });
  afterAll(() => folder[Symbol.dispose]());

  test('that is a pipe or a device is not replaced by a file', async () => {
    const pipe = join(folder.path, 'pipe');
    await Bun.$`mkfifo ${pipe}`;
    for (const [command, advice] of [
      ['export', 'Leave out FILE, and redirect the output: seen export > pipe'],
      ['backup', 'Name another file.'],
    ] as const) {
      expect(await seen([command, 'pipe'])).toEqual({
        status: 2,
        error: `seen: pipe is a device or a pipe, which a file would replace. ${advice}\n`,
      });
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  test('that is a name of an open file, such as /dev/stdout, is not replaced either', async () => {
    const output = Bun.file(join(folder.path, 'output'));
    await output.write('');
    expect(await seen(['export', '/dev/stdout'], output)).toEqual({
      status: 2,
      error: expect.stringContaining('/dev/stdout is a device or a pipe'),
    });
  });

  test('that this user may not see, read or write is named, and not called a bug', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    writeFileSync(join(folder.path, 'unreadable'), '');
    chmodSync(join(folder.path, 'unreadable'), 0);
    mkdirSync(join(folder.path, 'closed'));
    chmodSync(join(folder.path, 'closed'), 0);
    for (const [words, expected] of [
      [['export', 'file/all.jsonl'], '/file: it is not a folder.'],
      [['backup', 'file/copy.db'], '/file: it is not a folder.'],
      [['export', 'closed/all.jsonl'], '/closed: this user may not write there.'],
      [['backup', 'closed/copy.db'], '/closed: this user may not write there.'],
      [['export', 'unreadable'], 'unreadable exists and cannot be read: EACCES'],
    ] as const) {
      expect({ words, ...(await seen(words)) }).toEqual({
        words,
        status: 2,
        error: expect.stringContaining(expected),
      });
    }
    chmodSync(join(folder.path, 'closed'), 0o700);
  });

  test('whose folder cannot be synced is complete, and the message says so', async () => {
    const drop = join(folder.path, 'drop');
    mkdirSync(drop);
    // Files can be made in it, and it cannot be opened, so not be synced.
    chmodSync(drop, 0o333);
    for (const [command, file] of [
      ['export', 'all.jsonl'],
      ['backup', 'copy.db'],
    ] as const) {
      expect(await seen([command, `drop/${file}`])).toEqual({
        status: 2,
        error: expect.stringMatching(
          new RegExp(
            `^seen: \\S*/drop/${file} is complete, but its folder cannot be synced: EACCES`,
          ),
        ),
      });
    }
    chmodSync(drop, 0o777);
    expect(existsSync(join(drop, 'copy.db'))).toBe(true);
    expect(readFileSync(join(drop, 'all.jsonl'), 'utf8')).toStartWith('{"seen":"counters"');
  });
});

test('Ctrl-C ends a printed export whose reader reads nothing more', async () => {
  using folder = temporaryFolder();
  await using database = await newSqlite();
  const store = database.open();
  const changes = Array.from({ length: 2000 }, (_, at) => ({
    counter: `many/page-${at}`,
    amount: 1,
  }));
  await store.counting.commit({ writer: 'w', sequence: 1, changes });
  await store.close();
  const at = (name: string) => Bun.file(join(folder.path, name));
  // The reader takes one byte, and then nothing: the pipe is full before the export is written.
  const script = `
    { sh -c 'echo $$ > pid; exec "$@"' sh "$@"; echo $? > status; } |
      { head -c 1 > first; exec sleep 60; }`;
  const run = Bun.spawn(['sh', '-c', script, 'sh', process.execPath, MAIN, 'export'], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', SEEN_STORE_URL: database.url, TMPDIR: folder.path },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
  });
  try {
    await until('the first byte', () => at('first').size > 0);
    process.kill(Number(await at('pid').text()), 'SIGINT');
    await until('the end', async () => (await at('status').text()) === '130\n');
  } finally {
    process.kill(-run.pid, 'SIGKILL');
  }
});

test('an import of a Redis Cluster or a PostgreSQL is refused with advice', async () => {
  using folder = temporaryFolder();
  for (const url of [
    'redis+cluster://:secret@one:6379,two:6379',
    'postgres://u:secret@one/seen',
  ]) {
    const run = Bun.spawn([process.execPath, MAIN, 'import', url], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'] ?? '' },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const error = await new Response(run.stderr).text();
    expect({ status: await run.exited, error }).toEqual({
      status: 2,
      error:
        'seen: seen import reads a single Redis (redis://), not a Redis Cluster or PostgreSQL. To move counters from another Seen, export them there: seen export --store-url.\n',
    });
  }
});
