/**
 * The schema of Seen in a PostgreSQL database. Seen creates it where there is none, updates an
 * older one, and uses a newer one if that says so: an update replaces replicas one by one, and may
 * be undone. It refuses any other schema.
 *
 * All steps run in one transaction under an advisory lock, so that several replicas may start at
 * once. Not here: connections (`connection.ts`), and what the functions do (`sql/`).
 */
import { type Client, DatabaseError } from 'pg';
import { AppError } from '../../counter/errors.ts';
import archive from './sql/archive.sql' with { type: 'text' };
import commit from './sql/commit.sql' with { type: 'text' };
import history from './sql/history.sql' with { type: 'text' };
import limits from './sql/limits.sql' with { type: 'text' };
import places from './sql/places.sql' with { type: 'text' };
import presence from './sql/presence.sql' with { type: 'text' };
import registry from './sql/registry.sql' with { type: 'text' };
import shared from './sql/shared.sql' with { type: 'text' };
import tables from './sql/tables.sql' with { type: 'text' };
import window from './sql/window.sql' with { type: 'text' };

/** What a version of Seen has in its database. */
export interface Schema {
  /**
   * Create the tables. The version of a schema is the number of its last step, and the later steps
   * are applied to it. Older replicas count before and after a step, until they are replaced.
   */
  readonly steps: readonly string[];
  /**
   * The functions, created again whenever steps are applied: a change of functions alone needs an
   * empty step. Older replicas call them too, so a function whose arguments or result change gets
   * another name, and one that they call stays.
   */
  readonly functions: readonly string[];
  /** The oldest version of the schema whose Seen can use this one. */
  readonly oldest: number;
}

/** `test/unit/stores/postgres/schema.test.ts` refuses a change without a step. */
export const SCHEMA: Schema = {
  steps: [tables],
  functions: [shared, places, history, window, commit, registry, archive, limits, presence],
  oldest: 1,
};
/** An advisory lock: the first number is "seen" in ASCII, 0x7365656e. */
const LOCK = 'SELECT pg_advisory_xact_lock(1936024942, 1)';
/** Whether the schema exists, whether it is Seen's, and whether anything is in it. */
const LOOK = `
  SELECT to_regnamespace('seen') IS NOT NULL AS schema, to_regclass('seen.schema') IS NOT NULL AS ours,
    EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('seen')) AS used`;
/** https://www.postgresql.org/docs/15/errcodes-appendix.html */
const NO_RIGHT = '42501';

/**
 * Creates or updates the schema on this connection, unless it is of this version or a newer one
 * that this version can use. Fails with `store-unusable` for any other newer one, for a schema of
 * another program, and for a role that may not create what is missing.
 */
export async function claimSchema(
  client: Client,
  place: string,
  schema: Schema = SCHEMA,
): Promise<void> {
  const newest = schema.steps.length;
  if ((await versionIn(client, place, newest)) >= newest) return;
  try {
    await client.query('BEGIN');
    await client.query(LOCK);
    // Another replica may have been faster.
    const version = await versionIn(client, place, newest);
    if (version < newest) await update(client, schema, version);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    if (!(error instanceof DatabaseError) || error.code !== NO_RIGHT) throw error;
    throw new AppError(
      'store-unusable',
      `The schema of Seen in ${place} is missing, or is of an older version, and this role may not change it (${error.message}). ` +
        'Run this as the owner of the database: seen migrate --store-url postgres://OWNER:PASSWORD@HOST/DATABASE.',
      { cause: error },
    );
  }
}

/** The version of the schema; 0 when there is none. Fails unless a Seen of `own` can use it. */
async function versionIn(client: Client, place: string, own: number): Promise<number> {
  const { rows: looks } = await client.query<{ schema: boolean; ours: boolean; used: boolean }>(
    LOOK,
  );
  if (!looks[0]?.ours) {
    if (!looks[0]?.used) return 0;
    throw new AppError(
      'store-unusable',
      `The database ${place} has a schema "seen" of another program. Nothing was changed in it. Name another database in the store URL.`,
    );
  }
  const { rows } = await client.query<{ version: number; oldest: number }>(
    'SELECT version, oldest FROM seen.schema',
  );
  const { version, oldest } = rows[0] ?? { version: 0, oldest: 0 };
  if (own >= oldest) return version;
  throw new AppError(
    'store-unusable',
    `The database ${place} was written by a newer Seen (its schema is ${version}, for a Seen of ${oldest} or newer, and this one has ${own}). Nothing was changed in it. Run the newer Seen.`,
  );
}

/** Applies the steps after `version`, in a transaction. */
async function update(
  client: Client,
  { steps, functions, oldest }: Schema,
  version: number,
): Promise<void> {
  if (version === 0) await client.query('CREATE SCHEMA IF NOT EXISTS seen');
  for (const step of [...steps.slice(version), ...functions]) {
    // eslint-disable-next-line no-await-in-loop -- one after the other
    await client.query(step);
  }
  await client.query('UPDATE seen.schema SET version = $1, oldest = $2', [steps.length, oldest]);
}
