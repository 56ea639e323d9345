/** The minimal program on PostgreSQL: one call of one function for each batch. */
import { Client } from 'pg';
import { type FloorStore, thisHour } from './store.ts';

/** The rows have room on their page for new versions, as in Seen. */
const SCHEMA = `
SELECT pg_advisory_xact_lock(1);
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE IF NOT EXISTS floor.counters (name text PRIMARY KEY, total bigint)
  WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS floor.hours (hour integer PRIMARY KEY, amount bigint)
  WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS floor.writers (writer text PRIMARY KEY, sequence bigint, total bigint)
  WITH (fillfactor = 25);
INSERT INTO floor.counters VALUES ('hits', 0) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION floor.commit(given text, batch bigint, visits bigint, now integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  last bigint;
  stored bigint;
BEGIN
  SELECT sequence, total INTO last, stored FROM floor.writers WHERE writer = given FOR UPDATE;
  IF last = batch THEN RETURN stored; END IF;
  IF last <> batch - 1 THEN RAISE 'the last batch was %, not %', last, batch - 1; END IF;
  UPDATE floor.counters SET total = total + visits WHERE name = 'hits' RETURNING total INTO stored;
  UPDATE floor.hours SET amount = amount + visits WHERE hour = now;
  IF NOT FOUND THEN INSERT INTO floor.hours VALUES (now, visits); END IF;
  UPDATE floor.writers SET sequence = batch, total = stored WHERE writer = given;
  RETURN stored;
END $$;`;

/** Connects. A commit returns when the disk has it, with the server's default settings. */
export async function openPostgres(url: string, writer: string): Promise<FloorStore> {
  const client = new Client({ connectionString: url });
  // Without a listener the client throws its errors into the process. The commit fails as well.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(SCHEMA);
  await client.query('INSERT INTO floor.writers VALUES ($1, 0, 0) ON CONFLICT DO NOTHING', [
    writer,
  ]);
  const query = {
    name: 'commit',
    text: 'SELECT floor.commit($1, $2, $3, $4)',
    rowMode: 'array' as const,
  };
  return {
    commit: async (sequence, visits) => {
      const values = [writer, sequence, visits, thisHour()];
      const { rows } = await client.query<[string]>({ ...query, values });
      return Number(rows[0]?.[0]);
    },
    close: () => void client.end().catch(() => undefined),
  };
}
