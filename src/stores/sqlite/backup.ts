/**
 * A copy of a database file as it was at one moment, made while others go on writing to it.
 *
 * SQLite's online backup (https://www.sqlite.org/backup.html) copies some pages at a time. It
 * begins again whenever somebody else has written, unless its connection is in a transaction that
 * only reads: that sees the file as it was when it began, and nobody waits for it
 * (https://www.sqlite.org/wal.html). Not here: where the copy goes, and that it appears whole
 * (`commands/backup.ts`).
 */
import { existsSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { AppError } from '../../counter/errors.ts';
import { APPLICATION_ID } from './schema.ts';

/** So many pages of 4 KiB are copied before others get a turn: some milliseconds. */
const PAGES_AT_ONCE = 500;
/** How long the first look at the file waits for a process that recovers it. */
const WAIT_MS = 5000;

/** What was copied. */
export interface CopyResult {
  readonly counters: number;
  /** When it was so, in milliseconds since 1970: what was answered before is in it. */
  readonly moment: number;
}

export interface CopyOptions {
  /**
   * Told how many pages are copied, of how many. What it throws ends the copying, and is thrown.
   */
  readonly onProgress: (done: number, all: number) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Copies the database file at `path` to a new file at `to`. Fails with `settings-invalid` when
 * there is none, with `store-unusable` when it is not Seen's, and with SQLite's own error. It may
 * be of an older or a newer Seen, and is not changed.
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
    // The first look at the file is the moment.
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
