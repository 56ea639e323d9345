/**
 * The schema of a Seen database file. Seen creates it in an empty file, updates an older one, and
 * uses a newer one if that says so: an update of Seen may be undone. It refuses any other file.
 *
 * The file has an application id and a user version, so a foreign, damaged or newer file is
 * refused before anything is written to it.
 */
import type { Database } from 'bun:sqlite';
import { AppError } from '../../counter/errors.ts';

/** "seen" in ASCII (https://www.sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x7365656e;
/**
 * The steps that create the schema. A file's user version is its last step, and the later steps
 * are applied to it. A larger number means a newer Seen.
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
  // Rows are inserted in the order in which they expire, so their numbers give the count and the
  // expired ones.
  `CREATE TABLE keys (
    number  INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    total   INTEGER NOT NULL,
    made_at INTEGER NOT NULL
  ) STRICT;`,
  // The number of counters, kept by triggers, because counting takes time for each of them.
  `ALTER TABLE counters ADD COLUMN made_at INTEGER;
  ALTER TABLE counters ADD COLUMN owner TEXT;
  ALTER TABLE counters ADD COLUMN rules TEXT;
  CREATE TABLE sizes (counters INTEGER NOT NULL) STRICT;
  INSERT INTO sizes SELECT count(*) FROM counters;
  CREATE TRIGGER counter_made AFTER INSERT ON counters BEGIN UPDATE sizes SET counters = counters + 1; END;
  CREATE TRIGGER counter_deleted AFTER DELETE ON counters BEGIN UPDATE sizes SET counters = counters - 1; END;`,
  // The history of visits: by hour, then by day; the number of visitors of each day, and today's
  // visitors.
  `CREATE TABLE hours (
    counter TEXT NOT NULL, hour INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (counter, hour, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE days (
    counter TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (counter, day, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE uniques (
    counter TEXT NOT NULL, day INTEGER NOT NULL, visitors INTEGER NOT NULL,
    PRIMARY KEY (counter, day)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE visitors (
    day INTEGER NOT NULL, counter TEXT NOT NULL, visitor TEXT NOT NULL,
    PRIMARY KEY (day, counter, visitor)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE salts (day INTEGER PRIMARY KEY, salt TEXT NOT NULL) STRICT;`,
  // When their last visit counted, for counters with a window.
  'ALTER TABLE visitors ADD COLUMN counted_at INTEGER;',
  // Visitors who have used part of a quota: when it is full again, in microseconds since 1970.
  `CREATE TABLE limits (
    name TEXT NOT NULL, who TEXT NOT NULL, full_at INTEGER NOT NULL,
    PRIMARY KEY (name, who)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX limits_by_end ON limits (full_at);`,
  // The sources of imported counters: a counter is imported once from each source.
  `CREATE TABLE sources (
    counter TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (counter, source)
  ) STRICT, WITHOUT ROWID;`,
  // Replicas, and the times of their last reports.
  `CREATE TABLE replicas (
    id TEXT NOT NULL PRIMARY KEY, said TEXT NOT NULL, heard_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  // The number of stored visitors of each day, because counting takes time for each of them.
  `CREATE TABLE visitors_of_days (day INTEGER PRIMARY KEY, visitors INTEGER NOT NULL) STRICT;
  INSERT INTO visitors_of_days SELECT day, count(*) FROM visitors GROUP BY day;`,
  // Titles and links, beside the rows that hits write.
  `CREATE TABLE labels (counter TEXT NOT NULL PRIMARY KEY, title TEXT, link TEXT) STRICT, WITHOUT ROWID;`,
  // The value of `OLDEST` in the newest Seen that wrote to this file.
  `CREATE TABLE compatibility (oldest INTEGER NOT NULL) STRICT;
  INSERT INTO compatibility VALUES (0);`,
] as const;
/**
 * The oldest version of the schema whose Seen can use a file with all of `STEPS`. Version 11 is
 * the first whose Seen reads this; older ones refuse every newer file.
 */
const OLDEST = 11;

/**
 * Call it in a transaction. Creates the schema in an empty file, updates an older one, or refuses
 * a file that this Seen must not write.
 */
export function claim(database: Database, path: string): void {
  const number = (pragma: string) =>
    Object.values(database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0] ??
    0;
  const tables = database
    .query<{ count: number }, []>('SELECT count(*) AS count FROM sqlite_schema')
    .get();
  if (tables?.count !== 0 && number('application_id') !== APPLICATION_ID) {
    throw new AppError(
      'store-unusable',
      `${path} is the database of another program. Nothing was changed in it. Name another file with --store-url sqlite:PATH.`,
    );
  }
  const version = number('user_version');
  if (version > STEPS.length) {
    const oldest = oldestIn(database) ?? version;
    if (STEPS.length >= oldest) return;
    throw new AppError(
      'store-unusable',
      `${path} was written by a newer Seen (its schema is ${version}, for a Seen of ${oldest} or newer, and this one has ${STEPS.length}). Nothing was changed in it. Run the newer Seen.`,
    );
  }
  // Nothing is written to a current file: it may be a copy that somebody only reads.
  if (version === STEPS.length) return;
  for (const step of STEPS.slice(version)) database.run(step);
  database.run(`UPDATE compatibility SET oldest = ${OLDEST}`);
  database.run(`PRAGMA user_version = ${STEPS.length}`);
}

/** What a newer file says about older Seen; undefined if it says nothing. */
function oldestIn(database: Database): number | undefined {
  const table = database
    .query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'compatibility'")
    .get();
  if (table === null) return undefined;
  return database.query<{ oldest: number }, []>('SELECT oldest FROM compatibility').get()?.oldest;
}
