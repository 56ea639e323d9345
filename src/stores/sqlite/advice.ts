/**
 * Messages about a database file: SQLite's errors in our own words, and warnings about file
 * systems that lose counts.
 */
import { SQLiteError } from 'bun:sqlite';
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../counter/errors.ts';

/**
 * Turns an error of SQLite into `store-unusable` or `store-unavailable`; returns any other
 * unchanged. `place` is the file.
 */
export function inOurWords(error: unknown, place: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const kind = error.code?.split('_').slice(0, 2).join('_') ?? '';
  const lasting = LASTING[kind];
  const advice = lasting ?? PASSING[kind] ?? 'cannot be used just now';
  const code = lasting === undefined ? 'store-unavailable' : 'store-unusable';
  return new AppError(code, `The database ${place} ${advice} (${error.message}).`, {
    cause: error,
  });
}

/** The risks for counts of the file system at `place`; empty when there are none. */
export function fileSystemRisks(place: string): string[] {
  const kind = RISKY_FILE_SYSTEMS.get(statfsSync(dirname(place)).type);
  if (kind === undefined) return [];
  return [
    `The counts are in ${place}, and that is ${kind}. Name a file on a local disk with --store-url sqlite:PATH.`,
  ];
}

/**
 * Results (https://www.sqlite.org/rescode.html) that pass by themselves or while Seen runs, and
 * what to do.
 */
const PASSING: Readonly<Record<string, string>> = {
  SQLITE_BUSY:
    'is locked by another process. End it, or name another file with --store-url sqlite:PATH',
  SQLITE_FULL: 'has no room left on its disk. Make room, or move it to another disk',
  SQLITE_IOERR: 'cannot be written or read. Look at the disk, and whether it has room left',
};

/** Results that need a person, and what to do. */
const LASTING: Readonly<Record<string, string>> = {
  SQLITE_NOTADB:
    'is not a database. Nothing was changed in it: name another file with --store-url sqlite:PATH',
  SQLITE_CORRUPT:
    'is damaged. Restore it from a backup, or save what is left with: sqlite3 FILE .recover',
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
