/**
 * Checks whether a command may read or replace a file, and writes files that must appear complete
 * or not at all: first in a folder of their own, then moved.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { withoutPassword } from '../config/secrets.ts';
import { AppError, messageOf } from '../counter/errors.ts';

/**
 * Makes a folder that nobody else can read, beside `file`, so that a file in it can be moved to
 * `file` in one step. Without `file` it is in the system's temporary folder, and its name begins
 * with `temporary`. Fails with `usage-invalid`, also when `file` is there and no regular file.
 */
export function makeFolder(file: string | undefined, temporary: string): string {
  if (file !== undefined) fileAt(file, 'Name another file.');
  const path = file === undefined ? undefined : resolve(file);
  const prefix =
    path === undefined ? join(tmpdir(), temporary) : join(dirname(path), `.${basename(path)}-`);
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    throw notWritable(dirname(prefix), cause);
  }
}

/** The error for a folder in which nothing can be written. */
function notWritable(folder: string, cause: unknown): AppError {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ''] ?? messageOf(cause);
  const why = withoutPassword(`Nothing can be written at ${folder}: ${reason}.`);
  return new AppError('usage-invalid', why, { cause });
}

/** Why nothing can be written in a folder, by the code of the error. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'it is not a folder',
  EACCES: 'this user may not write there',
  EROFS: 'it is read-only',
};

/** Names of open files, such as /dev/stdout: a symbolic link may lead to a regular file. */
const OPEN_FILES = /^\/(dev|proc)\//;

/**
 * The file that a new one would replace, if it exists. Fails with `usage-invalid` for anything
 * else, which a regular file would replace too: a folder, or a device or pipe, then with `advice`.
 */
function fileAt(file: string, advice: string): Stats | undefined {
  const path = resolve(file);
  let stat: Stats | undefined;
  let isLink = false;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
    isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch (cause) {
    throw notWritable(dirname(path), cause);
  }
  if (stat?.isDirectory())
    throw new AppError('usage-invalid', `${file} is a folder. Name a file in it.`);
  if (stat === undefined || (stat.isFile() && !(isLink && OPEN_FILES.test(path)))) return stat;
  throw new AppError(
    'usage-invalid',
    `${file} is a device or a pipe, which a file would replace. ${advice}`,
  );
}

/**
 * Moves a complete file to `path` in one step, and syncs its folder, where systems can. Fails with
 * `usage-invalid` when the file is there, but not its name on disk.
 */
export function publishFile(complete: string, path: string): void {
  renameSync(complete, path);
  // Windows syncs no folder.
  if (process.platform === 'win32') return;
  try {
    syncFile(dirname(path));
  } catch (cause) {
    throw new AppError(
      'usage-invalid',
      `${path} is complete, but its folder cannot be synced: ${messageOf(cause)}. If the machine fails soon, check that the file is still there.`,
      { cause },
    );
  }
}

/** Waits until a file or folder is on disk. Fails with the system's error. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The beginning of a SQLite database (https://www.sqlite.org/fileformat.html). */
const DATABASE = 'SQLite format 3\0';

/**
 * Fails with `usage-invalid` for a file that an export must not replace, or whose name promises
 * another format.
 */
export function refuseTarget(file: string): void {
  if (file.endsWith('.gz')) {
    const name = basename(file, '.gz');
    throw new AppError(
      'usage-invalid',
      `Seen does not compress exports. Name ${name}, and compress it: gzip ${name}`,
    );
  }
  const advice = `Leave out FILE, and redirect the output: seen export > ${file}`;
  if (fileAt(file, advice) === undefined || beginningOf(file) !== DATABASE) return;
  throw new AppError(
    'usage-invalid',
    `${file} is a database, which the export would replace. Name another file.`,
  );
}

function beginningOf(path: string): string {
  const beginning = Buffer.alloc(DATABASE.length);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, beginning);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const why = `${path} exists and cannot be read: ${messageOf(cause)}. Name another file.`;
    throw new AppError('usage-invalid', why, { cause });
  }
  return beginning.toString('latin1');
}

/** Fails with `usage-invalid`, and advice, when there is no file at `path`. */
export function requireFile(path: string): void {
  const shown = withoutPassword(path);
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const reason = withoutPassword(messageOf(cause));
    throw new AppError('usage-invalid', `${shown} cannot be read: ${reason}.`, { cause });
  }
  if (stat?.isFile()) return;
  if (stat?.isDirectory())
    throw new AppError('usage-invalid', `${path} is a folder. Name a file in it.`);
  if (stat || path === '-')
    throw new AppError(
      'usage-invalid',
      `${path} can be read only once, and an import reads twice. Name a file.`,
    );
  throw new AppError('usage-invalid', `There is no file ${shown}.${hintFor(path)}`);
}

/** Advice for the URL of a web page or a store in the place of a file. */
function hintFor(path: string): string {
  if (/^https?:/i.test(path)) return ' Download it, and name the file.';
  return /^(sqlite|rediss?(\+cluster)?|postgres(ql)?):/i.test(path)
    ? ' To import from another Seen, export its counters first: seen export --store-url.'
    : '';
}
