/** A SQLite file of a test's own. */
import { Database as Sqlite } from 'bun:sqlite';
import { join } from 'node:path';
import { createSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { LIMITS } from '../../contract/subject.ts';
import { temporaryFolder } from '../folder.ts';
import { type Database, DEFAULTS } from './database.ts';

export async function newSqlite(): Promise<Database> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'seen.db');
  return {
    url: `sqlite:${path}`,
    server: undefined,
    open: (options) =>
      createSqliteStore({ path, missing: 'make', ...LIMITS, ...DEFAULTS, ...options }),
    empty: async () => {
      using file = new Sqlite(path);
      file.run('PRAGMA busy_timeout = 20000; DELETE FROM counters; DELETE FROM writers');
    },
    counters: async () => {
      using file = new Sqlite(path, { readonly: true });
      const rows = file.query<{ name: string }, []>('SELECT name FROM counters').all();
      return rows.map(({ name }) => name);
    },
    contents: async () => (await Bun.file(path).text()) + (await Bun.file(`${path}-wal`).text()),
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
}
