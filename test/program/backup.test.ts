/** `seen backup`, run as users do next to a running Seen, and the use of the copy. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder, until } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';

const MANY = 20_000;

function start(program: Program, cwd: string, ...words: string[]) {
  return Bun.spawn([process.execPath, MAIN, 'backup', ...words], {
    cwd,
    env: { ...program.environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function seenBackup(program: Program, cwd: string, ...words: string[]) {
  const run = start(program, cwd, ...words);
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  return { status: await run.exited, out, error };
}

/**
 * A database with so many counters that its copy takes several steps, made by hand where a program
 * is to find it.
 */
async function programWithMany(): Promise<Program> {
  const program = await Program.start();
  await program.stop();
  const file = new Database(program.database);
  file.run(`INSERT INTO counters (name, total) WITH RECURSIVE n(n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${MANY}) SELECT 'many/page-' || n, n FROM n`);
  file.close();
  await program.start();
  return program;
}

/** That a copy is whole, and how many counters it has. */
function countersIn(path: string): number {
  const file = new Database(path);
  const check = file.query<{ integrity_check: string }, []>('PRAGMA integrity_check').get();
  expect(check?.integrity_check).toBe('ok');
  const counters = file
    .query<{ counters: number }, []>('SELECT count(*) AS counters FROM counters')
    .get()?.counters;
  file.close();
  return counters ?? 0;
}

describe('a backup', () => {
  test('contains each visit that was answered before it began, and can be restored while no Seen uses the file', async () => {
    using folder = temporaryFolder();
    await using program = await programWithMany();
    const names = ['my-site/one', 'my-site/two', 'my-site/three'];
    const answered = new Map(names.map((name) => [name, 0]));
    const stop = new AbortController();
    const visitors = names.flatMap((name) =>
      [1, 2, 3].map(async () => {
        while (!stop.signal.aborted) {
          const number = await program.visit(`/hit/${name}`);
          answered.set(name, Math.max(answered.get(name) ?? 0, number));
        }
      }),
    );
    await until('visits', () => names.every((name) => (answered.get(name) ?? 0) > 20));
    const before = new Map(answered);
    const { status, out, error } = await seenBackup(program, folder.path, 'copy.db');
    const after = new Map(answered);
    expect({ status, error }).toEqual({ status: 0, error: '' });
    expect(out).toMatch(/^20,003 counters as of 20.*Z: copy\.db\n$/);
    expect(statSync(join(folder.path, 'copy.db')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(['copy.db']);
    // Visits went on: the copy was made beside them.
    await until('more visits', () =>
      names.every((name) => (answered.get(name) ?? 0) > (after.get(name) ?? 0)),
    );
    stop.abort();
    await Promise.all(visitors);

    await using restored = await Program.prepare();
    mkdirSync(dirname(restored.database), { recursive: true });
    copyFileSync(join(folder.path, 'copy.db'), restored.database);
    await restored.start();
    for (const name of names) {
      const { value } = JSON.parse(await restored.get(`/get/${name}`)) as { value: number };
      expect(value).toBeGreaterThanOrEqual(before.get(name) ?? 0);
      // Not more than was answered by the end, and three that were under way.
      expect(value).toBeLessThanOrEqual((after.get(name) ?? 0) + 3);
      expect(await restored.visit(`/hit/${name}`)).toBe(value + 1);
    }
    expect(JSON.parse(await restored.get(`/get/many/page-${MANY}`))).toEqual({ value: MANY });
    expect(restored.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('replaces an older one, and appears whole or not at all', async () => {
    using folder = temporaryFolder();
    await using program = await programWithMany();
    const path = join(folder.path, 'copy.db');
    const unfinished = () =>
      readdirSync(folder.path).filter((name) => name.startsWith('.copy.db-'));
    let interrupted = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGINT', 'SIGKILL'] as const) {
      rmSync(path, { force: true });
      const run = start(program, folder.path, 'copy.db');
      const known = unfinished().length;
      await until('it to begin', () => unfinished().length > known || existsSync(path));
      run.kill(signal);
      const status = await run.exited;
      // It was quicker, or nothing is to be seen.
      if (existsSync(path)) expect(countersIn(path)).toBe(MANY);
      else {
        expect(status).toBe(signal === 'SIGKILL' ? 137 : 130);
        interrupted++;
      }
      if (signal !== 'SIGKILL') expect(unfinished().length).toBe(known);
    }
    expect(interrupted).toBeGreaterThan(0);
    writeFileSync(path, 'an older one');
    expect(await seenBackup(program, folder.path, 'copy.db')).toMatchObject({ status: 0 });
    expect(countersIn(path)).toBe(MANY);
  });

  test('can be made while no Seen is running', async () => {
    using folder = temporaryFolder();
    await using program = await Program.start();
    await program.visit();
    await program.stop();
    expect(await seenBackup(program, folder.path, 'copy.db')).toMatchObject({ status: 0 });
    expect(countersIn(join(folder.path, 'copy.db'))).toBe(1);
  });

  test('that cannot be made is refused with advice, and leaves nothing behind', async () => {
    using folder = temporaryFolder();
    await using program = await Program.start();
    await program.visit();
    new Database(join(folder.path, 'other.db')).run('CREATE TABLE other (n)');
    mkdirSync(join(folder.path, 'folder'));
    const there = readdirSync(folder.path);
    for (const [words, status, expected] of [
      [[], 2, 'seen backup seen-backup.db'],
      [['a', 'b'], 2, 'Name one file'],
      [['folder'], 2, 'folder is a folder'],
      [['none/such.db'], 2, '/none: there is no such folder.'],
      [[program.database], 2, 'the one to back up'],
      [['copy.db', '--all'], 2, '--all is not a flag of Seen'],
      [
        ['copy.db', '--store-url', 'redis://localhost'],
        2,
        'docs/backup.md describes how to copy a Redis',
      ],
      [['copy.db', '--store-url', 'sqlite:none.db'], 2, 'There is no database at'],
      [['copy.db', '--store-url', 'sqlite:other.db'], 78, 'the database of another program'],
    ] as const) {
      const { status: ended, error } = await seenBackup(program, folder.path, ...words);
      expect({ words, ended, error }).toEqual({
        words,
        ended: status,
        error: expect.stringContaining(expected),
      });
    }
    expect(readdirSync(folder.path)).toEqual(there);
  });
});
