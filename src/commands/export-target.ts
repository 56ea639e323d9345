/**
 * Checks the target file of `seen export`. Not here: the folder for unfinished files
 * (`unfinished.ts`).
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { AppError } from '../counter/errors.ts';

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
