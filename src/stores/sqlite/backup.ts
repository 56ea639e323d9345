/**
 * Copies a database file as of one moment, while others keep writing to it.
 *
 * SQLite's online backup (https://www.sqlite.org/backup.html) copies some pages at a time. It
 * restarts after each write of others, unless its connection is in a read-only transaction: that
 * sees the file as it was at its beginning, and blocks nobody (https://www.sqlite.org/wal.html).
 * Not here: the destination of the copy, and making it appear whole (`commands/backup.ts`).
 */
import { existsSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { AppError } from '../../counter/errors.ts';
import { APPLICATION_ID } from './schema.ts';

/** The pages of 4 KiB to copy before the event loop runs other work: some milliseconds. */
const PAGES_AT_ONCE = 500;
/** How long the first read waits for a process that recovers the file. */
const WAIT_MS = 5000;

/** The result of a copy. */
export interface CopyResult {
  readonly counters: number;
  /** The moment of the copy, in milliseconds since 1970: it contains all hits answered before. */
  readonly moment: number;
}

export interface CopyOptions {
  /** Called with the numbers of copied and of all pages. Its error ends the copy and is thrown. */
  readonly onProgress: (done: number, all: number) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Copies the database file at `path` to a new file at `to`. Fails with `settings-invalid` when
 * `path` does not exist, with `store-unusable` when the file is not Seen's, and with SQLite's own
 * error. The file may be of an older or a newer Seen, and is not changed.
 */
export async function copyDatabase(
  path: string,
  to: string,
  { onProgress, now }: CopyOptions,
): Promise<CopyResult> {
  if (!existsSync(path)) {
    throw new AppError(
      'settings-invalid',
      `There is no database at ${path}. Name the one that Seen counts in with --store-url sqlite:PATH.`,
    );
  }
  const source = new DatabaseSync(path, { readOnly: true, timeout: WAIT_MS });
  try {
    const number = (query: string) => Number(Object.values(source.prepare(query).get() ?? {})[0]);
    source.exec('BEGIN');
    // The first read fixes the moment.
    if (number('PRAGMA application_id') !== APPLICATION_ID) {
      throw new AppError(
        'store-unusable',
        `${path} is the database of another program. Nothing was copied.`,
      );
    }
    const counters = number('SELECT count(*) FROM counters');
    const moment = now();
    await backup(source, to, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) =>
        onProgress(totalPages - remainingPages, totalPages),
    });
    return { counters, moment };
  } finally {
    source.close();
  }
}
