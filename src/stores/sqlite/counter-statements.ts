/**
 * The statements for counters: their rows, and their titles and links. Each has its parameters and
 * its result.
 */
import type { Database } from 'bun:sqlite';

/** A counter's row. */
export interface Row {
  readonly name: string;
  readonly total: number;
  readonly made_at: number | null;
  readonly owner: string | null;
  readonly rules: string | null;
  readonly title: string | null;
  readonly link: string | null;
}

/** Sorts after every name: all characters of names are below it in ASCII. */
export const AFTER_ALL_NAMES = '~';

/**
 * The most names that one search looks at, so that one without a match does not delay visits. It
 * is the same in the other stores.
 */
const LOOKED_AT_MAX = 10_000;

const DESCRIPTION =
  'SELECT name, total, made_at, owner, rules, title, link FROM counters LEFT JOIN labels ON counter = name';

/** The statements, prepared. */
export function counterStatements(database: Database) {
  return {
    /** ?1 counter: its total and rules; no row for a missing one. */
    read: database.query<{ total: number; rules: string | null }, [string]>(
      'SELECT total, rules FROM counters WHERE name = ?1',
    ),
    /** The number of counters. */
    size: database.query<{ counters: number }, []>('SELECT counters FROM sizes'),
    /**
     * ?1 counter, ?2 amount, ?3 now: the new total; no row, and no change, when it would not be
     * exact.
     */
    add: database.query<{ total: number }, [string, number, number]>(`
      INSERT INTO counters (name, total, made_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (name) DO UPDATE SET total = total + excluded.total
      WHERE total + excluded.total BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}
      RETURNING total`),
    /**
     * ?1 counter, ?2 total, ?3 now, ?4 the hash of its owner's token, ?5 its rules. Fails when the
     * counter exists.
     */
    make: database.query<unknown, [string, number, number, string | null, string | null]>(
      'INSERT INTO counters (name, total, made_at, owner, rules) VALUES (?1, ?2, ?3, ?4, ?5)',
    ),
    /** ?1 counter, ?2 now: creates it without an owner, at 0, if it does not exist. */
    begun: database.query<unknown, [string, number]>(
      'INSERT INTO counters (name, total, made_at) VALUES (?1, 0, ?2) ON CONFLICT (name) DO NOTHING',
    ),
    /** ?1 counter: its row; none for a missing one. */
    describe: database.query<Row, [string]>(`${DESCRIPTION} WHERE name = ?1`),
    /**
     * ?1 the name to start after, ?2 part of the name, ?3 the maximum count, ?4 the first name and
     * ?5 the last: in the order of the names' bytes.
     */
    list: database.query<Row, [string, string, number, string, string]>(
      `${DESCRIPTION} WHERE name > ?1 AND name >= ?4 AND name <= ?5 AND instr(name, ?2) > 0 ORDER BY name LIMIT ?3`,
    ),
    /**
     * ?1 the name to start after, ?2 the first name and ?3 the last: the last name that one search
     * looks at; no row when it looks at all.
     */
    lastLookedAt: database.query<{ name: string }, [string, string, string]>(
      `SELECT name FROM counters WHERE name > ?1 AND name >= ?2 AND name <= ?3 ORDER BY name LIMIT 1 OFFSET ${LOOKED_AT_MAX - 1}`,
    ),
    /**
     * ?1 counter, ?2 its total, ?3 the hash of its owner's token, ?4 its rules; null keeps a
     * value.
     */
    change: database.query<unknown, [string, number | null, string | null, string | null]>(`
      UPDATE counters
      SET total = coalesce(?2, total), owner = coalesce(?3, owner), rules = coalesce(?4, rules)
      WHERE name = ?1`),
    /** ?1 counter, ?2 its title, ?3 its link. */
    setLabel: database.query<unknown, [string, string | null, string | null]>(`
      INSERT INTO labels (counter, title, link) VALUES (?1, ?2, ?3)
      ON CONFLICT (counter) DO UPDATE SET title = excluded.title, link = excluded.link`),
    /** ?1 counter: deletes its title and link. */
    forgetLabel: database.query<unknown, [string]>('DELETE FROM labels WHERE counter = ?1'),
    /** ?1 counter: deletes its row. */
    delete: database.query<unknown, [string]>('DELETE FROM counters WHERE name = ?1'),
  };
}
