/**
 * What a person is told about a database file: SQLite's errors in our own words, and file systems that lose counts.
 */
import { SQLiteError } from 'bun:sqlite';
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../counter/errors.ts';

/** An error of SQLite as `store-unusable` or `store-unavailable`; any other as it is. `place` is the file. */
export function inOurWords(error: unknown, place: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const advice = UNUSABLE[error.code?.split('_').slice(0, 2).join('_') ?? ''];
  return advice === undefined
    ? new AppError('store-unavailable', `The database ${place} cannot be used just now: ${error.message}.`, {
        cause: error,
      })
    : new AppError('store-unusable', `The database ${place} ${advice} (${error.message}).`, { cause: error });
}

/** What could happen to counts in a file at `place` because of where it is; empty when nothing. */
export function fileSystemRisks(place: string): string[] {
  const kind = RISKY_FILE_SYSTEMS.get(statfsSync(dirname(place)).type);
  if (kind === undefined) return [];
  return [
    `The counts are in ${place}, and that is ${kind}. Name a file on a local disk with --store-url sqlite:PATH.`,
  ];
}

/** Results (https://www.sqlite.org/rescode.html) that do not pass by themselves, and what to do. */
const UNUSABLE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB:
    'is not a database. Nothing was changed in it: name another file with --store-url sqlite:PATH',
  SQLITE_CORRUPT: 'is damaged. Restore it from a backup, or save what is left with: sqlite3 FILE .recover',
  SQLITE_CANTOPEN: 'cannot be opened. Check that the folder is there and may be written',
  SQLITE_READONLY: 'may not be written. Give this user the right to write it and its folder',
  SQLITE_PERM: 'may not be opened. Give this user the right to write it and its folder',
};

/** File systems (statfs(2) `f_type`) on which counts do not survive, or locks do not hold. */
const RISKY_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'memory, lost when the machine stops'],
  [0x794c7630, "a container's own layer, lost with the container"],
  [0x6969, 'a network file system, on which SQLite cannot share a file safely'],
  [0xff534d42, 'a network file system, on which SQLite cannot share a file safely'],
  [0xfe534d42, 'a network file system, on which SQLite cannot share a file safely'],
]);
