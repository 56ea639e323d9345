/**
 * The statements for the history of visits: hours, days, visitors. Each has its parameters and its
 * result.
 */
import type { Database } from 'bun:sqlite';
import type { Kind } from '../../contract/history.ts';

/** The rows that one write deletes: more than one, so that they are deleted faster than added. */
export const FORGET_AT_ONCE = 1000;

/**
 * A figure of the history stops at the largest exact number: it must not keep anybody from
 * counting.
 */
const within = (sum: string) =>
  `max(min(${sum}, ${Number.MAX_SAFE_INTEGER}), ${Number.MIN_SAFE_INTEGER})`;

/** Adds to an existing figure. */
export const ADDED = `DO UPDATE SET amount = ${within('amount + excluded.amount')}`;

/** The statements, prepared. */
export function visitStatements(database: Database) {
  return { ...hourStatements(database), ...visitorStatements(database) };
}

function hourStatements(database: Database) {
  return {
    /** ?1 counter, ?2 hour, ?3 kind, ?4 amount: the new amount of the hour. */
    addToHour: database.query<{ amount: number }, [string, number, string, number]>(`
      INSERT INTO hours (counter, hour, kind, amount) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (counter, hour, kind) ${ADDED} RETURNING amount`),
    /** The same for an hour that has a row; without one nothing is added. */
    addToHourThere: database.query<unknown, [string, number, string, number]>(
      `UPDATE hours SET amount = ${within('amount + ?4')} WHERE counter = ?1 AND hour = ?2 AND kind = ?3`,
    ),
    /**
     * ?1 counter, ?2 hour: the first hour of the counter, and the last one up to ?2; null when
     * there is none.
     */
    hoursKept: database.query<{ first: number | null; last: number | null }, [string, number]>(`
      SELECT (SELECT min(hour) FROM hours WHERE counter = ?1) AS first,
             (SELECT max(hour) FROM hours WHERE counter = ?1 AND hour <= ?2) AS last`),
    /** ?1 counter, ?2 hour: adds the earlier hours to the days. Delete those hours next. */
    foldHours: database.query<unknown, [string, number]>(`
      INSERT INTO days (counter, day, kind, amount)
      SELECT counter, hour / 24, kind, ${within('sum(amount)')} FROM hours WHERE counter = ?1 AND hour < ?2 GROUP BY hour / 24, kind
      ON CONFLICT (counter, day, kind) ${ADDED}`),
    /** ?1 counter, ?2 hour: deletes the earlier hours. */
    deleteHours: database.query<unknown, [string, number]>(
      'DELETE FROM hours WHERE counter = ?1 AND hour < ?2',
    ),
  };
}

function visitorStatements(database: Database) {
  return {
    /** ?1 day, ?2 counter, ?3 visitor: changes nothing unless the visitor is new today. */
    addVisitor: database.query<unknown, [number, string, string]>(
      'INSERT INTO visitors (day, counter, visitor) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING',
    ),
    /** ?1 counter, ?2 day: its number of visitors. */
    visitorsOn: database.query<{ visitors: number }, [string, number]>(
      'SELECT visitors FROM uniques WHERE counter = ?1 AND day = ?2',
    ),
    /** ?1 day: the number of stored visitors of all counters together. */
    visitorsOfDay: database.query<{ visitors: number }, [number]>(
      'SELECT visitors FROM visitors_of_days WHERE day = ?1',
    ),
    /** ?1 day, ?2 the number to add. */
    addToVisitorsOfDay: database.query<unknown, [number, number]>(`
      INSERT INTO visitors_of_days (day, visitors) VALUES (?1, ?2)
      ON CONFLICT (day) DO UPDATE SET visitors = visitors + excluded.visitors`),
    /** ?1 day: deletes the numbers of earlier days. */
    forgetVisitorsOfDays: database.query<unknown, [number]>(
      'DELETE FROM visitors_of_days WHERE day < ?1',
    ),
    /**
     * ?1 day, ?2 counter, ?3 visitor: when their last visit counted, for counters with a window.
     */
    countedAt: database.query<{ counted_at: number | null }, [number, string, string]>(
      'SELECT counted_at FROM visitors WHERE day = ?1 AND counter = ?2 AND visitor = ?3',
    ),
    /** ?1 day, ?2 counter, ?3 visitor, ?4 now. */
    noteCounted: database.query<unknown, [number, string, string, number]>(
      'UPDATE visitors SET counted_at = ?4 WHERE day = ?1 AND counter = ?2 AND visitor = ?3',
    ),
    /** ?1 counter, ?2 day, ?3 the number of new visitors. */
    addToUniques: database.query<unknown, [string, number, number]>(`
      INSERT INTO uniques (counter, day, visitors) VALUES (?1, ?2, ?3)
      ON CONFLICT (counter, day)
      DO UPDATE SET visitors = ${within('visitors + excluded.visitors')}`),
    /**
     * ?1 day, ?2 counter: deletes its visitors of that day, of the day before (kept for a while
     * after midnight), and of the day after (written by a replica whose clock is ahead). The days
     * are listed one by one so that the index is used.
     */
    forgetVisitorsOf: database.query<unknown, [number, string]>(
      'DELETE FROM visitors WHERE day IN (?1 - 1, ?1, ?1 + 1) AND counter = ?2',
    ),
    /**
     * ?1 day: deletes visitors of earlier days, a limited number, so that one write does not take
     * long.
     */
    forgetVisitors: database.query<unknown, [number]>(`
      DELETE FROM visitors WHERE (day, counter, visitor) IN
        (SELECT day, counter, visitor FROM visitors WHERE day < ?1 LIMIT ${FORGET_AT_ONCE})`),
    /** ?1 counter: each returns a part of its history. */
    hours: database.query<{ at: number; kind: Kind; amount: number }, [string]>(
      'SELECT hour AS at, kind, amount FROM hours WHERE counter = ?1',
    ),
    days: database.query<{ at: number; kind: Kind; amount: number }, [string]>(
      'SELECT day AS at, kind, amount FROM days WHERE counter = ?1',
    ),
    uniques: database.query<{ day: number; visitors: number }, [string]>(
      'SELECT day, visitors FROM uniques WHERE counter = ?1',
    ),
    /** ?1 counter, ?2 the first day, ?3 the last day: the visits of each day, of all kinds. */
    recent: database.query<{ day: number; visits: number }, [string, number, number]>(`
      SELECT day, ${within('sum(amount)')} AS visits FROM (
        SELECT hour / 24 AS day, amount FROM hours
        WHERE counter = ?1 AND hour BETWEEN ?2 * 24 AND ?3 * 24 + 23
        UNION ALL SELECT day, amount FROM days WHERE counter = ?1 AND day BETWEEN ?2 AND ?3
      ) GROUP BY day`),
    /** ?1 counter: each deletes a part of its history. */
    forgetHours: database.query<unknown, [string]>('DELETE FROM hours WHERE counter = ?1'),
    forgetDays: database.query<unknown, [string]>('DELETE FROM days WHERE counter = ?1'),
    forgetUniques: database.query<unknown, [string]>('DELETE FROM uniques WHERE counter = ?1'),
    /** ?1 day, ?2 salt: stored if the day has none. */
    suggestSalt: database.query<unknown, [number, string]>(
      'INSERT INTO salts (day, salt) VALUES (?1, ?2) ON CONFLICT DO NOTHING',
    ),
    /** ?1 day: its salt; no row for a day without one. */
    salt: database.query<{ salt: string }, [number]>('SELECT salt FROM salts WHERE day = ?1'),
    /** ?1 day: deletes those of earlier days. */
    forgetSalts: database.query<unknown, [number]>('DELETE FROM salts WHERE day < ?1'),
  };
}
