/**
 * Checks whether a command may read or replace a file, and makes folders for files that must
 * appear complete or not at all.
 */
import { closeSync, mkdtempSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, messageOf } from '../counter/errors.ts';

/**
 * Makes a folder that nobody else can read, beside `file`, so that a file in it can be moved to
 * `file` in one step. Without `file` it is in the system's temporary folder, and its name begins
 * with `temporary`. Fails with `usage-invalid`.
 */
export function makeFolder(file: string | undefined, temporary: string): string {
  const path = file === undefined ? undefined : resolve(file);
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('usage-invalid', `${file} is a folder. Name a file in it.`);
  }
  const prefix =
    path === undefined ? join(tmpdir(), temporary) : join(dirname(path), `.${basename(path)}-`);
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? messageOf(cause);
    const why = `Nothing can be written at ${dirname(prefix)}: ${reason}.`;
    throw new AppError('usage-invalid', why, { cause });
  }
}

/** Why no folder can be made, by the code of the error. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  EACCES: 'this user may not write there',
  EROFS: 'it is read-only',
};

/** The beginning of a SQLite database (https://www.sqlite.org/fileformat.html). */
const DATABASE = 'SQLite format 3\0';

/**
 * Fails with `usage-invalid` for a file that must not be replaced, or whose name promises another
 * format.
 */
export function refuseTarget(file: string): void {
  if (file.endsWith('.gz')) {
    const name = basename(file, '.gz');
    throw new AppError(
      'usage-invalid',
      `Seen does not compress exports. Name ${name}, and compress it: gzip ${name}`,
    );
  }
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  const beginning = Buffer.alloc(DATABASE.length);
  const open = openSync(file, 'r');
  try {
    readSync(open, beginning);
  } finally {
    closeSync(open);
  }
  if (beginning.toString('latin1') === DATABASE)
    throw new AppError(
      'usage-invalid',
      `${file} is a database, which the export would replace. Name another file.`,
    );
}

/** Fails with `usage-invalid`, and advice, when there is no file at `path`. */
export function requireFile(path: string): void {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new AppError('usage-invalid', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
  if (stat?.isFile()) return;
  if (stat?.isDirectory())
    throw new AppError('usage-invalid', `${path} is a folder. Name a file in it.`);
  if (stat || path === '-')
    throw new AppError(
      'usage-invalid',
      `${path} can be read only once, and an import reads twice. Name a file.`,
    );
  const hint = /^https?:/i.test(path)
    ? ' Download it, and name the file.'
    : /^sqlite:/i.test(path)
      ? ' To import from another Seen, export its counters first: seen export --store-url.'
      : '';
  throw new AppError('usage-invalid', `There is no file ${path}.${hint}`);
}
