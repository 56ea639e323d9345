/**
 * A PostgreSQL database of a test's own. They are on one server, because a server takes seconds to
 * start and a database does not.
 */
import { createPostgresStore } from '../../../src/stores/postgres/store.ts';
import { LIMITS } from '../../contract/subject.ts';
import { PostgresServer } from '../postgres-server.ts';
import { type Database, DEFAULTS } from './database.ts';

let shared: Promise<PostgresServer> | undefined;

/** Forgets all that is counted, and leaves the schema. */
export const EMPTY = `
  DO $$ BEGIN
    EXECUTE (
      SELECT 'TRUNCATE ' || string_agg('seen.' || tablename, ', ')
      FROM pg_tables WHERE schemaname = 'seen' AND tablename <> 'schema'
    );
  END $$`;

export async function newPostgres(): Promise<Database> {
  shared ??= PostgresServer.start();
  const server = await shared;
  const url = await server.newDatabase();
  const name = new URL(url).pathname.slice(1);
  return {
    url,
    server,
    open: (options) =>
      createPostgresStore({ url, ca: undefined, ...LIMITS, ...DEFAULTS, ...options }),
    empty: async () => void (await server.sql(EMPTY, name)),
    counters: async () =>
      (await server.sql('SELECT name FROM seen.counters', name)).split('\n').filter(Boolean),
    contents: () => server.stored(name),
    async [Symbol.asyncDispose]() {
      server.resume();
      if (!(await server.alive())) await server.start();
    },
  };
}

/** Ends the server, if there is one. To be called after all tests. */
export async function endPostgres(): Promise<void> {
  const server = await shared;
  shared = undefined;
  await server?.[Symbol.asyncDispose]();
}
