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
import type { Session } from './session.ts';
import archive from './sql/archive.sql' with { type: 'text' };
import commit from './sql/commit.sql' with { type: 'text' };
import history from './sql/history.sql' with { type: 'text' };
import labels from './sql/labels.sql' with { type: 'text' };
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
   * Create and change the tables. The version of a schema is the number of its last step, and the
   * later steps are applied to it. Older replicas still count after a step, until replaced.
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
  // The last steps change functions only.
  steps: [tables, labels, '', ''],
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
const LOCK_TIMEOUT = '55P03';

/**
 * Creates or updates the schema on this connection, unless it is of this version or a newer one
 * that this version can use. Fails with `store-unusable` for any other newer one, for a schema of
 * another program, and for a role that may not create what is missing. After an error the
 * connection must be closed.
 *
 * Only the steps may go on after `endsAt`, on the clock of `performance.now()`: a large table
 * takes them long. But they wait only briefly for locks, because whoever counts waits behind them.
 */
export async function claimSchema(
  session: Session,
  endsAt: number,
  place: string,
  schema: Schema = SCHEMA,
): Promise<void> {
  const limitMs = endsAt - performance.now();
  const newest = schema.steps.length;
  const version = (client: Client) => versionIn(client, place, newest);
  if ((await session.ask(version, 'store-unavailable', limitMs)) >= newest) return;
  const before = await session.ask(
    async (client) => {
      await lock(client, place, limitMs / 2);
      // Another replica may have been faster.
      return version(client);
    },
    'store-unavailable',
    endsAt - performance.now(),
  );
  if (before < newest) {
    const steps = (client: Client) => update(client, place, schema, before);
    await session.ask(steps, 'store-unavailable', undefined);
  }
  await session.ask((client) => client.query('COMMIT'), 'store-unavailable', limitMs);
}

/** Begins a transaction that only one Seen at a time can begin. Each lock may take `limitMs`. */
async function lock(client: Client, place: string, limitMs: number): Promise<void> {
  await client.query('BEGIN');
  await client.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.floor(limitMs))}`);
  try {
    await client.query(LOCK);
  } catch (error) {
    if (!isError(error, LOCK_TIMEOUT)) throw error;
    const message = `Another Seen is updating the schema of ${place}. Seen tries again.`;
    throw new AppError('store-unavailable', message, { cause: error });
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
  place: string,
  { steps, functions, oldest }: Schema,
  version: number,
): Promise<void> {
  try {
    if (version === 0) await client.query('CREATE SCHEMA IF NOT EXISTS seen');
    for (const step of [...steps.slice(version), ...functions]) {
      // eslint-disable-next-line no-await-in-loop -- one after the other
      await client.query(step);
    }
    await client.query('UPDATE seen.schema SET version = $1, oldest = $2', [steps.length, oldest]);
  } catch (error) {
    if (!isError(error, NO_RIGHT)) throw error;
    throw new AppError(
      'store-unusable',
      `The schema of Seen in ${place} is missing, or is of an older version, and this role may not change it (${error.message}). ` +
        'Run this as the owner of the database: seen migrate --store-url postgres://OWNER:PASSWORD@HOST/DATABASE.',
      { cause: error },
    );
  }
}

function isError(error: unknown, state: string): error is DatabaseError {
  return error instanceof DatabaseError && error.code === state;
}
