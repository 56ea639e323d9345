/** A PostgreSQL with a few functions in Seen's schema, and connections to it. */
import { AppError } from '../../../../src/counter/errors.ts';
import { PostgresDatabase } from '../../../../src/stores/postgres/connection.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';

/**
 * `mark` writes a mark, `marks` counts them, `raise` fails with a SQLSTATE, `pid` returns the
 * process of the connection.
 */
const FUNCTIONS = `
  CREATE SCHEMA seen AUTHORIZATION seen;
  SET ROLE seen;
  CREATE TABLE seen.marks (mark text);
  CREATE FUNCTION seen.mark(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ INSERT INTO seen.marks VALUES (args->>'mark') RETURNING args $$;
  CREATE FUNCTION seen.marks(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT to_jsonb(count(*)) FROM seen.marks WHERE mark = args->>'mark' $$;
  CREATE FUNCTION seen.raise(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%', args->>'message' USING ERRCODE = args->>'state'; END $$;
  CREATE FUNCTION seen.sleep(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT to_jsonb('slept'::text) FROM pg_sleep(args::float) $$;
  CREATE FUNCTION seen.setting(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT to_jsonb(current_setting(args#>>'{}')) $$;
  CREATE FUNCTION seen.pid(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT to_jsonb(pg_backend_pid()) $$;`;

/** Makes the functions in the database `seen`. */
export async function makeFunctions(server: PostgresServer): Promise<void> {
  await server.sql(FUNCTIONS);
}

/** Disposing of it closes it. */
export function open(
  url: string,
  options: Partial<ConstructorParameters<typeof PostgresDatabase>[0]> = {},
): PostgresDatabase & Disposable {
  const database = new PostgresDatabase({
    url,
    ca: undefined,
    timeoutMs: 20_000,
    prepare: async () => undefined,
    ...options,
  });
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

/** How many marks of this name there are, asked over a connection of the server's own. */
export async function marksOf(server: PostgresServer, mark: string): Promise<number> {
  return Number(await server.sql(`SELECT count(*) FROM seen.marks WHERE mark = '${mark}'`));
}

/**
 * The error with which it fails; undefined if it does not. Unlike `expect(…).rejects`, it lets
 * other code run meanwhile.
 */
export async function failureOf(asked: Promise<unknown>): Promise<AppError | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Backends whose commit waits for a standby. */
export const WAITING = `FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
