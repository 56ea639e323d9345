/**
 * The schema of a Seen database file: made in an empty file, brought up to date in an older one,
 * and refused in any other.
 *
 * The file says whose it is (application id) and how new it is (user version), so that a foreign,
 * damaged or newer file is refused before anything is written to it.
 */
import type { Database } from 'bun:sqlite';
import { AppError } from '../../counter/errors.ts';

/** "seen" in ASCII (https://www.sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x7365656e;
/**
 * What made the schema, step by step: a file is at the step that its user version says, and is
 * brought up to the last one. A file with a larger number was written by a newer Seen.
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
  // Rows are made in the order in which they end, so their numbers tell how many there are and
  // which are over.
  `CREATE TABLE keys (
    number  INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    total   INTEGER NOT NULL,
    made_at INTEGER NOT NULL
  ) STRICT;`,
  // How many counters there are, kept by the database itself: counting them takes as long as there
  // are many.
  `ALTER TABLE counters ADD COLUMN made_at INTEGER;
  ALTER TABLE counters ADD COLUMN owner TEXT;
  ALTER TABLE counters ADD COLUMN rules TEXT;
  CREATE TABLE sizes (counters INTEGER NOT NULL) STRICT;
  INSERT INTO sizes SELECT count(*) FROM counters;
  CREATE TRIGGER counter_made AFTER INSERT ON counters BEGIN UPDATE sizes SET counters = counters + 1; END;
  CREATE TRIGGER counter_deleted AFTER DELETE ON counters BEGIN UPDATE sizes SET counters = counters - 1; END;`,
  // What is remembered of visits: by hour, then by day; how many visitors each day had, and who
  // today's are.
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
  // When a visit of theirs counted last, where there is a window.
  'ALTER TABLE visitors ADD COLUMN counted_at INTEGER;',
  // Of visitors who have not all of a quota: when they have, in microseconds since 1970.
  `CREATE TABLE limits (
    name TEXT NOT NULL, who TEXT NOT NULL, full_at INTEGER NOT NULL,
    PRIMARY KEY (name, who)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX limits_by_end ON limits (full_at);`,
  // From where counters were brought: what comes again from there is not brought again.
  `CREATE TABLE sources (
    counter TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (counter, source)
  ) STRICT, WITHOUT ROWID;`,
  // Replicas, and when they were heard.
  `CREATE TABLE replicas (
    id TEXT NOT NULL PRIMARY KEY, said TEXT NOT NULL, heard_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  // How many visitors are remembered of each day: counting them takes as long as there are many.
  `CREATE TABLE visitors_of_days (day INTEGER PRIMARY KEY, visitors INTEGER NOT NULL) STRICT;
  INSERT INTO visitors_of_days SELECT day, count(*) FROM visitors GROUP BY day;`,
] as const;

/**
 * Inside one transaction: brings the schema up to date, from nothing in an empty file, or refuses
 * a file that is not ours to write.
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
    throw new AppError(
      'store-unusable',
      `${path} was written by a newer Seen (its schema is ${version}, this Seen knows ${STEPS.length}). Nothing was changed in it. Run the newer Seen.`,
    );
  }
  for (const step of STEPS.slice(version)) database.run(step);
  database.run(`PRAGMA user_version = ${STEPS.length}`);
}
