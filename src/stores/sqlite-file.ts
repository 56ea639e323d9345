/**
 * Opens a Seen database file: makes or checks its schema, sets it up to lose nothing, and prepares the statements.
 *
 * The file says whose it is (application id) and how new it is (user version), so that a foreign, damaged or newer file
 * is refused before anything is written to it. Not here: transactions, which are in `sqlite.ts`.
 */
import { Database } from 'bun:sqlite';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../counter/errors.ts';

/** An open file and the statements on it. */
export type SqliteFile = ReturnType<typeof prepare>;

/** "seen" in ASCII (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x7365656e;
/** More than one, so that forgetting is faster than remembering. */
const FORGET_AT_ONCE = 1000;
/** While opening, SQLite may wait for other processes itself: nothing is served yet. */
const OPEN_WAIT_MS = 5000;

/**
 * What made the schema, step by step: a file is at the step that its user version says, and is brought up to the last one. A file with
 * a larger number was written by a newer Seen.
 */
const STEPS = [
  `CREATE TABLE counters (
    name  TEXT NOT NULL PRIMARY KEY,
    total INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE writers (
    writer     TEXT NOT NULL PRIMARY KEY,
    sequence   INTEGER NOT NULL,
    outcomes   TEXT NOT NULL,
    written_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};`,
  // Rows are made in the order in which they end, so their numbers tell how many there are and which are over.
  `CREATE TABLE keys (
    number  INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    total   INTEGER NOT NULL,
    made_at INTEGER NOT NULL
  ) STRICT;`,
  // How many counters there are, kept by the database itself: counting them takes as long as there are many.
  `ALTER TABLE counters ADD COLUMN made_at INTEGER;
  ALTER TABLE counters ADD COLUMN owner TEXT;
  ALTER TABLE counters ADD COLUMN rules TEXT;
  CREATE TABLE sizes (counters INTEGER NOT NULL) STRICT;
  INSERT INTO sizes SELECT count(*) FROM counters;
  CREATE TRIGGER counter_made AFTER INSERT ON counters BEGIN UPDATE sizes SET counters = counters + 1; END;
  CREATE TRIGGER counter_deleted AFTER DELETE ON counters BEGIN UPDATE sizes SET counters = counters - 1; END;`,
] as const;

/**
 * Opens the file at `path`, making it and its folder when missing, and forgets writers silent since
 * `forgetBefore` (milliseconds since 1970). Fails with `AppError` `store-unusable`, or with SQLite's own error.
 */
export function openSqliteFile(path: string, forgetBefore: number): SqliteFile {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new AppError('store-unusable', `The folder ${dirname(path)} cannot be made: ${String(cause)}.`, {
      cause,
    });
  }
  const database = new Database(path, { create: true, readwrite: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${OPEN_WAIT_MS}`);
    database.transaction(() => claim(database, path)).immediate();
    database.run('PRAGMA journal_mode = WAL');
    // A commit returns after the disk has it: https://www.sqlite.org/pragma.html#pragma_synchronous
    database.run('PRAGMA synchronous = FULL');
    database.run('DELETE FROM writers WHERE written_at < ?', [forgetBefore]);
    database.run('PRAGMA busy_timeout = 0');
    return prepare(database, path);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Inside one transaction: brings the schema up to date, from nothing in an empty file, or refuses a file that is not ours to write. */
function claim(database: Database, path: string): void {
  const number = (pragma: string) =>
    Object.values(database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0;
  const tables = database.query<{ count: number }, []>('SELECT count(*) AS count FROM sqlite_schema').get();
  if (tables?.count !== 0 && number('application_id') !== APPLICATION_ID) {
    throw new AppError(
      'store-unusable',
      `${path} is the database of another program. Nothing was changed in it. Name another file with --store-url sqlite:PATH.`,
    );
  }
  const version = number('user_version');
  if (version > STEPS.length) {
    throw new AppError(
      'store-unusable',
      `${path} was written by a newer Seen (its schema is ${version}, this Seen knows ${STEPS.length}). Nothing was changed in it. Run the newer Seen.`,
    );
  }
  for (const step of STEPS.slice(version)) database.run(step);
  database.run(`PRAGMA user_version = ${STEPS.length}`);
}

/** A counter's row. */
export interface Row {
  readonly name: string;
  readonly total: number;
  readonly made_at: number | null;
  readonly owner: string | null;
  readonly rules: string | null;
}

const DESCRIPTION = 'SELECT name, total, made_at, owner, rules FROM counters';

function prepare(database: Database, path: string) {
  const { ino, dev } = statSync(path);
  return {
    database,
    /** Whether `path` still names this file, and not another one or none. */
    isStillAt: (): boolean => {
      const now = statSync(path, { throwIfNoEntry: false });
      return now?.ino === ino && now.dev === dev;
    },
    begin: database.query<unknown, []>('BEGIN IMMEDIATE'),
    commit: database.query<unknown, []>('COMMIT'),
    rollback: database.query<unknown, []>('ROLLBACK'),
    /** A number that changes when another process has written (https://www.sqlite.org/pragma.html#pragma_data_version). */
    othersWrites: database.query<{ data_version: number }, []>('PRAGMA data_version'),
    /** ?1 counter: its total, no row when there is none. */
    read: database.query<{ total: number }, [string]>('SELECT total FROM counters WHERE name = ?1'),
    /** How many counters there are. */
    size: database.query<{ counters: number }, []>('SELECT counters FROM sizes'),
    /** ?1 counter, ?2 amount, ?3 now: the new total; no row, and no change, when it would not be exact any more. */
    add: database.query<{ total: number }, [string, number, number]>(`
      INSERT INTO counters (name, total, made_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (name) DO UPDATE SET total = total + excluded.total
      WHERE total + excluded.total BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}
      RETURNING total`),
    /** ?1 counter, ?2 total, ?3 now, ?4 the hash of its owner's token, ?5 its rules. Refused when there is one. */
    make: database.query<unknown, [string, number, number, string, string | null]>(
      'INSERT INTO counters (name, total, made_at, owner, rules) VALUES (?1, ?2, ?3, ?4, ?5)',
    ),
    /** ?1 counter, ?2 now: makes it without an owner, at 0, if it is not there. */
    begun: database.query<unknown, [string, number]>(
      'INSERT INTO counters (name, total, made_at) VALUES (?1, 0, ?2) ON CONFLICT (name) DO NOTHING',
    ),
    /** ?1 counter. */
    describe: database.query<Row, [string]>(`${DESCRIPTION} WHERE name = ?1`),
    /** ?1 after which name, ?2 part of the name, ?3 how many: in the order of the names' bytes. */
    list: database.query<Row, [string, string, number]>(
      `${DESCRIPTION} WHERE name > ?1 AND instr(name, ?2) > 0 ORDER BY name LIMIT ?3`,
    ),
    /** ?1 counter, ?2 total: no row when there is no such counter. */
    set: database.query<{ name: string }, [string, number]>(
      'UPDATE counters SET total = ?2 WHERE name = ?1 RETURNING name',
    ),
    /** ?1 counter, ?2 the hash of its owner's token: no row when there is no such counter. */
    give: database.query<{ name: string }, [string, string]>(
      'UPDATE counters SET owner = ?2 WHERE name = ?1 RETURNING name',
    ),
    /** ?1 counter. */
    delete: database.query<unknown, [string]>('DELETE FROM counters WHERE name = ?1'),
    /** ?1 key: the request that it was used for, and the total that this was answered with. */
    recallKey: database.query<{ request: string; total: number }, [string]>(
      'SELECT request, total FROM keys WHERE key = ?1',
    ),
    /** How many keys are kept, and when the oldest was made: a look at the first and one at the last, however many there are. */
    keysKept: database.query<{ count: number; oldest: number }, []>(`
      SELECT last.number - first.number + 1 AS count, first.made_at AS oldest
      FROM (SELECT number, made_at FROM keys ORDER BY number LIMIT 1) AS first,
           (SELECT number FROM keys ORDER BY number DESC LIMIT 1) AS last`),
    /** ?1 key, ?2 request, ?3 total, ?4 now. */
    rememberKey: database.query<unknown, [string, string, number, number]>(
      'INSERT INTO keys (key, request, total, made_at) VALUES (?1, ?2, ?3, ?4)',
    ),
    /** ?1 and ?2 times: forgets the oldest keys that were not made between them, so many at once that one write does not take long. */
    forgetKeys: database.query<unknown, [number, number]>(`
      DELETE FROM keys WHERE number IN (SELECT number FROM keys ORDER BY number LIMIT ${FORGET_AT_ONCE})
      AND made_at NOT BETWEEN ?1 AND ?2`),
    /** ?1 writer: its last batch, no row for an unknown one. */
    recall: database.query<{ sequence: number; outcomes: string }, [string]>(
      'SELECT sequence, outcomes FROM writers WHERE writer = ?1',
    ),
    /** ?1 writer, ?2 sequence number, ?3 outcomes as JSON, ?4 now. */
    remember: database.query<unknown, [string, number, string, number]>(`
      INSERT INTO writers (writer, sequence, outcomes, written_at) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (writer) DO UPDATE
      SET sequence = excluded.sequence, outcomes = excluded.outcomes, written_at = excluded.written_at`),
  };
}
