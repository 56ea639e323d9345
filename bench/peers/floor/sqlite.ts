/**
 * The minimal program on SQLite: one transaction for each batch. Processes wait for each other in
 * SQLite, which blocks the event loop. Seen waits outside, so that it can answer meanwhile.
 */
import { Database } from 'bun:sqlite';
import { type FloorStore, thisHour } from './store.ts';

const TABLES = `
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, total INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hours (hour INTEGER PRIMARY KEY, amount INTEGER);
CREATE TABLE IF NOT EXISTS writers
  (writer TEXT PRIMARY KEY, sequence INTEGER, total INTEGER) WITHOUT ROWID;
INSERT INTO counters VALUES ('hits', 0) ON CONFLICT DO NOTHING`;

/** Opens the file. A commit returns when the disk has it, as in Seen: WAL, synchronous FULL. */
export async function openSqlite(path: string, writer: string): Promise<FloorStore> {
  const database = new Database(path, { create: true, readwrite: true, strict: true });
  database.run('PRAGMA busy_timeout = 5000');
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA synchronous = FULL');
  database.run(TABLES);
  const recall = database.query<{ sequence: number; total: number }, [string]>(
    'SELECT sequence, total FROM writers WHERE writer = ?',
  );
  const count = database.query<{ total: number }, [number]>(
    "UPDATE counters SET total = total + ? WHERE name = 'hits' RETURNING total",
  );
  const countInHour = database.query(`INSERT INTO hours VALUES (?, ?)
    ON CONFLICT DO UPDATE SET amount = amount + excluded.amount`);
  const remember = database.query(`INSERT INTO writers VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET sequence = excluded.sequence, total = excluded.total`);
  const commit = database.transaction((sequence: number, visits: number): number => {
    const { sequence: last, total: stored } = recall.get(writer) ?? { sequence: 0, total: 0 };
    if (last === sequence) return stored;
    if (last !== sequence - 1) throw new Error(`the last batch was ${last}, not ${sequence - 1}`);
    const total = count.get(visits)?.total ?? 0;
    countInHour.run(thisHour(), visits);
    remember.run(writer, sequence, total);
    return total;
  }).immediate;
  return {
    commit: async (sequence, visits) => commit(sequence, visits),
    close: () => database.close(),
  };
}
