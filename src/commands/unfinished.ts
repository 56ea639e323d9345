/** Where a command writes a file that is to appear whole or not at all. */
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, messageOf } from '../counter/errors.ts';

/**
 * Makes a folder that nobody else can read, beside `file`, so that what is written in it can be
 * moved there in one step; without a file, among the system's temporary folders, with a name that
 * begins with `temporary`. Fails with `usage-invalid`.
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
    const why = `Nothing can be written at ${dirname(prefix)}: ${messageOf(cause)}.`;
    throw new AppError('usage-invalid', why, { cause });
  }
}
