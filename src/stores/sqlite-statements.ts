/** Every statement on a database file: its parameters, its answer. What belongs together is in one transaction of `sqlite-database.ts`. */
import type { Database } from 'bun:sqlite';
import type { Kind } from '../counter/visitor.ts';

/** More than one, so that forgetting is faster than remembering. */
const FORGET_AT_ONCE = 1000;

/** A counter's row. */
export interface Row {
  readonly name: string;
  readonly total: number;
  readonly made_at: number | null;
  readonly owner: string | null;
  readonly rules: string | null;
}

const DESCRIPTION = 'SELECT name, total, made_at, owner, rules FROM counters';

/** The statements that a store needs, prepared. */
export function prepare(database: Database) {
  return {
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
    /** ?1 counter, ?2 its rules: no row when there is no such counter. */
    rule: database.query<{ name: string }, [string, string]>(
      'UPDATE counters SET rules = ?2 WHERE name = ?1 RETURNING name',
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
    ...memoryStatements(database),
    ...archiveStatements(database),
  };
}

/** Those of what is remembered of visits. */
function memoryStatements(database: Database) {
  return {
    /** ?1 counter, ?2 hour, ?3 kind, ?4 amount: what the hour has come to. */
    addToHour: database.query<{ amount: number }, [string, number, string, number]>(`
      INSERT INTO hours (counter, hour, kind, amount) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (counter, hour, kind) DO UPDATE SET amount = amount + excluded.amount RETURNING amount`),
    /** ?1 counter, ?2 hour: adds what was before it to the days. To be followed by the deletion of that. */
    foldHours: database.query<unknown, [string, number]>(`
      INSERT INTO days (counter, day, kind, amount)
      SELECT counter, hour / 24, kind, sum(amount) FROM hours WHERE counter = ?1 AND hour < ?2 GROUP BY hour / 24, kind
      ON CONFLICT (counter, day, kind) DO UPDATE SET amount = amount + excluded.amount`),
    deleteHours: database.query<unknown, [string, number]>(
      'DELETE FROM hours WHERE counter = ?1 AND hour < ?2',
    ),
    /** ?1 day, ?2 counter, ?3 visitor: a row when the visitor is new today. */
    addVisitor: database.query<{ visitor: string }, [number, string, string]>(
      'INSERT INTO visitors (day, counter, visitor) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING visitor',
    ),
    /** ?1 counter, ?2 day, ?3 how many new visitors. */
    addToUniques: database.query<unknown, [string, number, number]>(`
      INSERT INTO uniques (counter, day, visitors) VALUES (?1, ?2, ?3)
      ON CONFLICT (counter, day) DO UPDATE SET visitors = visitors + excluded.visitors`),
    /** ?1 day: forgets visitors of days before it, so many at once that one write does not take long. */
    forgetVisitors: database.query<unknown, [number]>(`
      DELETE FROM visitors WHERE (day, counter, visitor) IN
        (SELECT day, counter, visitor FROM visitors WHERE day < ?1 LIMIT ${FORGET_AT_ONCE})`),
    /** ?1 counter. */
    hours: database.query<{ at: number; kind: Kind; amount: number }, [string]>(
      'SELECT hour AS at, kind, amount FROM hours WHERE counter = ?1',
    ),
    days: database.query<{ at: number; kind: Kind; amount: number }, [string]>(
      'SELECT day AS at, kind, amount FROM days WHERE counter = ?1',
    ),
    uniques: database.query<{ day: number; visitors: number }, [string]>(
      'SELECT day, visitors FROM uniques WHERE counter = ?1',
    ),
    /** ?1 counter: all that is remembered of it. */
    forgetHours: database.query<unknown, [string]>('DELETE FROM hours WHERE counter = ?1'),
    forgetDays: database.query<unknown, [string]>('DELETE FROM days WHERE counter = ?1'),
    forgetUniques: database.query<unknown, [string]>('DELETE FROM uniques WHERE counter = ?1'),
    /** ?1 day, ?2 salt: kept if there is none. */
    suggestSalt: database.query<unknown, [number, string]>(
      'INSERT INTO salts (day, salt) VALUES (?1, ?2) ON CONFLICT DO NOTHING',
    ),
    salt: database.query<{ salt: string }, [number]>('SELECT salt FROM salts WHERE day = ?1'),
    /** ?1 day: those of days before it. */
    forgetSalts: database.query<unknown, [number]>('DELETE FROM salts WHERE day < ?1'),
  };
}

/** Those of counters that are brought. */
function archiveStatements(database: Database) {
  return {
    /** ?1 counter, ?2 source: a row when it was brought from there. */
    broughtFrom: database.query<{ source: string }, [string, string]>(
      'SELECT source FROM sources WHERE counter = ?1 AND source = ?2',
    ),
    markSource: database.query<unknown, [string, string]>(
      'INSERT INTO sources (counter, source) VALUES (?1, ?2) ON CONFLICT DO NOTHING',
    ),
    /** ?1 counter. */
    forgetSources: database.query<unknown, [string]>('DELETE FROM sources WHERE counter = ?1'),
    /** ?1 counter, ?2 total, ?3 when it was made, ?4 the hash of its owner's token, ?5 its rules. */
    place: database.query<unknown, [string, number, number | null, string | null, string | null]>(
      'INSERT INTO counters (name, total, made_at, owner, rules) VALUES (?1, ?2, ?3, ?4, ?5)',
    ),
    /** ?1 counter, ?2 day, ?3 kind, ?4 amount. */
    addToDay: database.query<unknown, [string, number, string, number]>(`
      INSERT INTO days (counter, day, kind, amount) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (counter, day, kind) DO UPDATE SET amount = amount + excluded.amount`),
    /** ?1 day, ?2 counter: who its visitors of that day are. */
    forgetVisitorsOf: database.query<unknown, [number, string]>(
      'DELETE FROM visitors WHERE day = ?1 AND counter = ?2',
    ),
  };
}
