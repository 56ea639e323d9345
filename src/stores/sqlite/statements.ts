/**
 * The statements on a database file, each with its parameters and its result. Statements that
 * belong together run in one transaction of `database.ts`. Not here: those for counters
 * (`counter-statements.ts`) and for the history of visits (`visit-statements.ts`).
 */
import type { Database } from 'bun:sqlite';
import { counterStatements } from './counter-statements.ts';
import { ADDED, FORGET_AT_ONCE, visitStatements } from './visit-statements.ts';

/** The statements that a store needs, prepared. */
export function prepare(database: Database) {
  return {
    ...transactionStatements(database),
    ...counterStatements(database),
    ...otherStatements(database),
  };
}

function transactionStatements(database: Database) {
  return {
    begin: database.query<unknown, []>('BEGIN IMMEDIATE'),
    commit: database.query<unknown, []>('COMMIT'),
    rollback: database.query<unknown, []>('ROLLBACK'),
    /**
     * Changes when another process has written
     * (https://www.sqlite.org/pragma.html#pragma_data_version).
     */
    othersWrites: database.query<{ data_version: number }, []>('PRAGMA data_version'),
  };
}

/** Keys of requests, and other data besides counters. */
function otherStatements(database: Database) {
  return {
    /** ?1 key: its request, and the total in the response. */
    recallKey: database.query<{ request: string; total: number }, [string]>(
      'SELECT request, total FROM keys WHERE key = ?1',
    ),
    /**
     * The number of keys, and when the oldest was created: reads the first and the last row,
     * however many there are.
     */
    keysKept: database.query<{ count: number; oldest: number }, []>(`
      SELECT last.number - first.number + 1 AS count, first.made_at AS oldest
      FROM (SELECT number, made_at FROM keys ORDER BY number LIMIT 1) AS first,
           (SELECT number FROM keys ORDER BY number DESC LIMIT 1) AS last`),
    /** ?1 key, ?2 request, ?3 total, ?4 now. */
    rememberKey: database.query<unknown, [string, string, number, number]>(
      'INSERT INTO keys (key, request, total, made_at) VALUES (?1, ?2, ?3, ?4)',
    ),
    /**
     * ?1 and ?2 times: deletes the oldest keys created outside of them, a limited number, so that
     * one write does not take long.
     */
    forgetKeys: database.query<unknown, [number, number]>(`
      DELETE FROM keys WHERE number IN (SELECT number FROM keys ORDER BY number LIMIT ${FORGET_AT_ONCE})
      AND made_at NOT BETWEEN ?1 AND ?2`),
    /** ?1 writer: its last batch; no row for an unknown one. */
    recall: database.query<{ sequence: number; outcomes: string }, [string]>(
      'SELECT sequence, outcomes FROM writers WHERE writer = ?1',
    ),
    /** ?1 writer, ?2 sequence number, ?3 outcomes as JSON, ?4 now. */
    remember: database.query<unknown, [string, number, string, number]>(`
      INSERT INTO writers (writer, sequence, outcomes, written_at) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (writer) DO UPDATE
      SET sequence = excluded.sequence, outcomes = excluded.outcomes, written_at = excluded.written_at`),
    /** ?1 replica, ?2 its report as JSON, ?3 now. */
    hear: database.query<unknown, [string, string, number]>(`
      INSERT INTO replicas (id, said, heard_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (id) DO UPDATE SET said = excluded.said, heard_at = excluded.heard_at`),
    /** All replicas: each last report as JSON, and its time. */
    heard: database.query<{ said: string; heard_at: number }, []>(
      'SELECT said, heard_at FROM replicas',
    ),
    /** ?1 and ?2 times: deletes replicas whose last report is outside of them. */
    forgetReplicas: database.query<unknown, [number, number]>(
      'DELETE FROM replicas WHERE heard_at NOT BETWEEN ?1 AND ?2',
    ),
    ...visitStatements(database),
    ...limitStatements(database),
    ...archiveStatements(database),
  };
}

/** Visitors' quotas. Times are microseconds since 1970. */
function limitStatements(database: Database) {
  return {
    /** ?1 limit, ?2 visitor: when the quota is full again; no row when it is. */
    limit: database.query<{ fullAtUs: number }, [string, string]>(
      'SELECT full_at AS fullAtUs FROM limits WHERE name = ?1 AND who = ?2',
    ),
    /** ?1 limit, ?2 visitor, ?3 when the quota is full again. */
    keepLimit: database.query<unknown, [string, string, number]>(`
      INSERT INTO limits (name, who, full_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (name, who) DO UPDATE SET full_at = excluded.full_at`),
    /** The number of rows: reads them all. */
    limited: database.query<{ count: number }, []>('SELECT count(*) AS count FROM limits'),
    /**
     * ?1 and ?2 times: deletes quotas that are full at or before the first or after the second, a
     * limited number, so that one write does not take long.
     */
    forgetLimits: database.query<unknown, [number, number]>(`
      DELETE FROM limits WHERE (name, who) IN
        (SELECT name, who FROM limits WHERE full_at <= ?1 OR full_at > ?2 LIMIT ${FORGET_AT_ONCE})`),
  };
}

/** Imported counters. */
function archiveStatements(database: Database) {
  return {
    /** ?1 counter, ?2 source: a row when it was imported from there. */
    importedFrom: database.query<{ source: string }, [string, string]>(
      'SELECT source FROM sources WHERE counter = ?1 AND source = ?2',
    ),
    /** ?1 counter, ?2 source: stored, unless it is already. */
    markSource: database.query<unknown, [string, string]>(
      'INSERT INTO sources (counter, source) VALUES (?1, ?2) ON CONFLICT DO NOTHING',
    ),
    /** ?1 counter. */
    forgetSources: database.query<unknown, [string]>('DELETE FROM sources WHERE counter = ?1'),
    /**
     * ?1 counter, ?2 total, ?3 time of creation, ?4 the hash of its owner's token, ?5 its rules.
     */
    place: database.query<unknown, [string, number, number | null, string | null, string | null]>(
      'INSERT INTO counters (name, total, made_at, owner, rules) VALUES (?1, ?2, ?3, ?4, ?5)',
    ),
    /** ?1 counter, ?2 day, ?3 kind, ?4 amount. */
    addToDay: database.query<unknown, [string, number, string, number]>(`
      INSERT INTO days (counter, day, kind, amount) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (counter, day, kind) ${ADDED}`),
  };
}
