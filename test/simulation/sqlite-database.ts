/**
 * The SQLite store under simulation: the real statements, and a file for each history, in a file
 * system in memory if there is one.
 *
 * Each statement can fail: the statements from `bun:sqlite` are wrapped and counted when they run.
 * Files are copied and restored like backups, while they are closed.
 */
import { Database as Sqlite } from 'bun:sqlite';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '../../src/contract/counting.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Store } from '../../src/contract/store.ts';
import { createSqliteStore } from '../../src/stores/sqlite/store.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Database } from './database.ts';

const MEMORY = '/dev/shm';

/** Which statement fails: counted down to zero. */
const failing = { left: 0, applies: false, applied: false };
const failed = new Map<string, number>();

/** Lets statements that are prepared from now on count. */
function watchStatements(): () => void {
  // eslint-disable-next-line unbound-method -- called with the database that it is asked of
  const prepare = Sqlite.prototype.query;
  Sqlite.prototype.query = function query(this: Sqlite, sql: string) {
    const statement = prepare.call(this, sql);
    const counted = (name: 'run' | 'get' | 'all') => {
      const run = statement[name].bind(statement) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const [word = ''] = sql.trim().split(/\s/);
        // A ROLLBACK only undoes what is in memory: it fails where there is nothing to undo, and
        // else never.
        if (failing.left === 0 || word === 'ROLLBACK' || --failing.left > 0) return run(...args);
        failed.set(word, (failed.get(word) ?? 0) + 1);
        // Nobody knows of a COMMIT that fails whether it is on disk.
        failing.applied = word === 'COMMIT' && failing.applies;
        if (failing.applied) run(...args);
        throw full();
      };
    };
    return { run: counted('run'), get: counted('get'), all: counted('all') } as never;
  };
  return () => {
    Sqlite.prototype.query = prepare;
  };
}

/** The error of a disk that is full, as SQLite gives it: that of a database that may not grow. */
function full(): unknown {
  using small = new Sqlite(':memory:');
  try {
    small.run('PRAGMA max_page_count = 1; CREATE TABLE more (text TEXT)');
    return new Error('the database grows past its limit');
  } catch (error) {
    return error;
  }
}

/** One database, and how to end. */
export async function startSqlite() {
  const folder = temporaryFolder(existsSync(MEMORY) ? MEMORY : undefined);
  const stopWatching = watchStatements();
  return {
    databases: [new SqliteDatabase(folder.path)],
    failed: async () => failed,
    end: async () => {
      stopWatching();
      folder[Symbol.dispose]();
    },
  };
}

class SqliteDatabase implements Database {
  readonly #path: string;
  readonly #empty: string;
  readonly #copy: string;
  #limits: StoreLimits = { keysMax: 0, visitorsMax: 0, countersMax: 0, hitsMake: false };
  #at = 0;
  #store: Store | undefined;

  constructor(folder: string) {
    this.#path = join(folder, 'seen.db');
    this.#empty = join(folder, 'empty.db');
    this.#copy = join(folder, 'copy.db');
  }

  get applied(): boolean {
    return failing.applied;
  }

  async begin(limits: StoreLimits): Promise<void> {
    this.#limits = limits;
    await this.#replaceBy(existsSync(this.#empty) ? this.#empty : undefined);
    if (existsSync(this.#empty)) return;
    // A file with its schema takes longer to make than to copy.
    await this.at(0).counting.ping();
    await this.#close();
    copyFileSync(this.#path, this.#empty);
  }

  at(at: number): Store {
    this.#at = at;
    this.#store ??= createSqliteStore({
      path: this.#path,
      missing: 'make',
      timeoutMs: 60_000,
      now: () => this.#at,
      ...this.#limits,
    });
    return this.#store;
  }

  async commit(batch: Batch, at: number, _replica: number, fails: number) {
    const store = this.at(at);
    // The file is opened before, which is not the batch's work.
    await store.counting.ping();
    // Chosen by the time, so that a seed repeats it.
    Object.assign(failing, { left: fails, applies: at % 2 === 0, applied: false });
    try {
      return await store.counting.commit(batch);
    } finally {
      failing.left = 0;
    }
  }

  /** Opening the file forgets them. */
  async forgetWriters(_writers: readonly string[], at: number): Promise<void> {
    await this.#close();
    await this.at(at).counting.ping();
  }

  async backUp(): Promise<void> {
    await this.#close();
    copyFileSync(this.#path, this.#copy);
  }

  async setBack(): Promise<void> {
    await this.#replaceBy(this.#copy);
  }

  async empty(): Promise<void> {
    await this.#replaceBy(this.#empty);
  }

  async end(): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  async #replaceBy(path: string | undefined): Promise<void> {
    await this.#close();
    for (const end of ['', '-wal', '-shm']) rmSync(this.#path + end, { force: true });
    if (path !== undefined) copyFileSync(path, this.#path);
  }
}
