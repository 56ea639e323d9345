/**
 * `seen backup FILE`: copies the SQLite database as it is at one moment, while Seen goes on
 * counting.
 */
import { chmodSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { AppError } from '../counter/errors.ts';
import { pluralize } from '../plural.ts';
import { databaseFile } from '../stores/open.ts';
import { type CopyResult, copyDatabase } from '../stores/sqlite/backup.ts';
import { type Command, type Context, separateArguments } from './command.ts';
import { makeFolder, publishFile, syncFile } from './files.ts';
import { INTERRUPTED, interruption, showProgress } from './terminal.ts';

async function run({ argv, env, print }: Context): Promise<number> {
  const { positionals, rest } = separateArguments(argv, {});
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new AppError('usage-invalid', 'Name one file, as in: seen backup seen-backup.db');
  }
  const { storeUrl } = readConfig({ argv: rest, env });
  const path = databaseFile(storeUrl);
  if (path === undefined) {
    throw new AppError(
      'usage-invalid',
      'seen backup copies a SQLite database, and the counts are not in one. docs/backup.md describes how to copy a Redis or a PostgreSQL. seen export FILE writes the counters of any store.',
    );
  }
  refuseDatabase(file, path);
  const progress = showProgress('pages');
  // From here on a signal does not end the process before the folder is gone.
  using stop = interruption();
  const folder = makeFolder(file, '');
  try {
    const unfinished = join(folder, 'copy');
    const copied = await copyDatabase(resolve(path), unfinished, {
      now: Date.now,
      onProgress: (done, all) => {
        stop.signal.throwIfAborted();
        progress.at(done, all);
      },
    });
    stop.signal.throwIfAborted();
    publish(unfinished, resolve(file));
    progress.end();
    print(`${summary(copied)}: ${file}\n`);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return INTERRUPTED;
    if (error instanceof AppError) throw error;
    throw new AppError(
      'usage-invalid',
      `No backup was made: ${file} cannot be written from ${path}: ${String(error)}.`,
      {
        cause: error,
      },
    );
  } finally {
    progress.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fails with `usage-invalid` if the copy would replace a database in use. */
function refuseDatabase(file: string, path: string): void {
  const same = existsSync(file) && existsSync(path) && realpathSync(file) === realpathSync(path);
  if (!same && !existsSync(`${file}-wal`)) return;
  throw new AppError(
    'usage-invalid',
    `${file} is a database in use${same ? ': the one to back up' : ` (there is ${file}-wal)`}. Name another file.`,
  );
}

/**
 * Syncs the complete copy, and moves it to `path`. Only its owner may read it, because it contains
 * hashes of tokens.
 */
function publish(unfinished: string, path: string): void {
  chmodSync(unfinished, 0o600);
  syncFile(unfinished);
  publishFile(unfinished, path);
}

function summary({ counters, moment }: CopyResult): string {
  return `${pluralize(counters, 'counter')} as of ${new Date(moment).toISOString()}`;
}

export const backup: Command = {
  summary: 'copy the SQLite database to a file',
  manual: () => `Usage: seen backup FILE [FLAGS]

Copies the SQLite database to FILE as it is at one moment, with all data of Seen. Seen keeps
counting; every visit that was answered before the command began is in the copy. FILE appears only
when it is complete and on disk. It replaces an existing file, and only its owner may read it.

Run it where the database is, with the settings of seen serve (SEEN_STORE_URL, or --store-url).
docs/backup.md explains how to restore a copy, what that changes, and how to copy a Redis or a
PostgreSQL. To move counters to another store, use seen export.

Exit status:
  0    the copy is complete
  2    a mistake in the command line or in the settings, there is no database, or FILE cannot be
       written
  78   the database is not one of Seen's
  130  ended by Ctrl-C, SIGTERM or SIGHUP, and nothing is written
`,
  run,
};
