/**
 * Where `seen export` writes to: what it must not replace, and the folder in which a file becomes whole.
 */
import { closeSync, mkdtempSync, openSync, readSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../counter/errors.ts';

/** What a SQLite database begins with (https://www.sqlite.org/fileformat.html). */
const DATABASE = 'SQLite format 3\0';

/**
 * Fails with `usage-invalid` for a file that must not be replaced, or whose name promises another format.
 */
export function refuseTarget(file: string): void {
  if (file.endsWith('.gz')) {
    const name = basename(file, '.gz');
    throw new AppError(
      'usage-invalid',
      `Seen does not pack what it exports. Name ${name}, and pack it: gzip ${name}`,
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
      `${file} is a database, and an export would take its place. Name another file.`,
    );
}

/**
 * A folder of our own, which nobody else can read: where the file will be, so that it can be moved there
 * in one step.
 */
export function makeFolder(file: string | undefined): string {
  const path = file === undefined ? undefined : resolve(file);
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('usage-invalid', `${file} is a folder. Name a file in it.`);
  }
  const prefix =
    path === undefined ? join(tmpdir(), 'seen-export-') : join(dirname(path), `.${basename(path)}-`);
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('usage-invalid', `Nothing can be written at ${dirname(prefix)}: ${why}.`, { cause });
  }
}
