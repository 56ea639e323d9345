/**
 * Opens a Seen database file: creates or checks its schema, sets it up to lose nothing, and
 * prepares the statements.
 *
 * The file has an application id and a user version, so a foreign, damaged or newer file is
 * refused before anything is written to it. Not here: transactions (`database.ts`).
 */
import { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../counter/errors.ts';
import { claim } from './schema.ts';
import { prepare } from './statements.ts';

/** An open file and the statements on it. */
export type SqliteFile = ReturnType<typeof openFile>;

/**
 * What to do when the file does not exist on opening:
 * - `make`: create it, with its folder
 * - `refuse`: fail with `settings-invalid`, for commands that need its data
 * - `wait`: fail with `store-unavailable`, for replicas: their supervisor has created it, so it
 *   was moved away
 */
export type MissingFile = 'make' | 'refuse' | 'wait';

/** While opening, SQLite may block and wait for other processes: nothing is served yet. */
const OPEN_WAIT_MS = 5000;

/**
 * When the log beside the file (https://www.sqlite.org/wal.html) has this many pages of 4 KiB, it
 * is copied into the file: SQLite's default. While a long reader needs the log, it keeps growing.
 */
const LOG_PAGES = 1000;
/**
 * A log that has grown during a long read is cut to this many bytes by the commit that restarts
 * it; otherwise it keeps its size forever
 * (https://www.sqlite.org/pragma.html#pragma_journal_size_limit). A log of LOG_PAGES has this
 * size, so a usual log is overwritten and not cut.
 */
const LOG_BYTES = LOG_PAGES * 4096;

/**
 * Opens the file at `path`, or does as `missing` says when it does not exist. Forgets writers
 * silent since `forgetBefore` (milliseconds since 1970), unless `missing` is `refuse`: then a
 * current file is not changed. Fails with `AppError` `store-unusable`, with the error of
 * `missing`, or with SQLite's own error.
 */
export function openSqliteFile(
  path: string,
  missing: MissingFile,
  forgetBefore: number,
): SqliteFile {
  refuseMissing(path, missing);
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'EACCES' ? 'this user may not write there' : messageOf(cause);
    throw new AppError(
      'store-unusable',
      `The folder ${dirname(path)} cannot be created: ${reason}. Start Seen in a folder that it may write, or name another with --store-url sqlite:PATH.`,
      { cause },
    );
  }
  const database = new Database(path, { create: true, readwrite: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${OPEN_WAIT_MS}`);
    database.transaction(() => claim(database, path)).immediate();
    database.run('PRAGMA journal_mode = WAL');
    database.run(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
    database.run(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    // A commit returns after the disk has it:
    // https://www.sqlite.org/pragma.html#pragma_synchronous
    database.run('PRAGMA synchronous = FULL');
    if (missing !== 'refuse')
      database.run('DELETE FROM writers WHERE written_at < ?', [forgetBefore]);
    database.run('PRAGMA busy_timeout = 0');
    return openFile(database, path);
  } catch (error) {
    database.close();
    throw error;
  }
}

function refuseMissing(path: string, missing: MissingFile): void {
  // In an empty file SQLite would create a new database, too.
  if (missing === 'refuse' && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    throw new AppError(
      'settings-invalid',
      `There is no database at ${path}. Name the one that Seen uses with --store-url or ` +
        'SEEN_STORE_URL, as in sqlite:data/seen.db.',
    );
  }
  if (missing === 'wait' && !existsSync(path)) {
    throw new AppError(
      'store-unavailable',
      `${path} is gone. Put it back, or restart Seen to begin a new one.`,
    );
  }
}

function openFile(database: Database, path: string) {
  // While `path` names the file with these two, it is this file.
  const { ino, dev } = statSync(path);
  return { database, ino, dev, ...prepare(database) };
}

/**
 * Runs `work` with commits that are not synced. In WAL mode a commit with `synchronous = NORMAL`
 * is written and not synced, and the next sync with FULL covers the whole log
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). The pragma is run each time, because it
 * takes effect when SQLite compiles it.
 */
export function withoutSync<T>({ database }: SqliteFile, work: () => T): T {
  database.run('PRAGMA synchronous = NORMAL');
  try {
    return work();
  } finally {
    database.run('PRAGMA synchronous = FULL');
  }
}
