/**
 * The table of PostgreSQL's errors, by SQLSTATE. Each entry has an error code, advice, and whether
 * another connection may be the right one now. Messages may be translated, so they decide nothing.
 * https://www.postgresql.org/docs/15/errcodes-appendix.html
 *
 * `store-unavailable` passes by itself, or when somebody acts on the server: a start waits for it.
 * `store-unusable` lasts until somebody changes Seen's settings or version, or the value that
 * could not be stored: a start and an import fail at once.
 * Not here: whether the statement may have been applied all the same (`session.ts`).
 */
import { DatabaseError } from 'pg';
import { AppError, isAppError } from '../../counter/errors.ts';

interface Refusal {
  /** Matches the SQLSTATE. */
  readonly state: RegExp;
  readonly code: 'store-unavailable' | 'store-unusable';
  /** The meaning and what to do. `{url}` stands for the name of the setting that has the URL. */
  readonly advice: string;
  /** Whether the connection must be left, and the next one begin with another server. */
  readonly leave: boolean;
}

/** What to do about a standby. */
export const FAILOVER = 'Seen follows as soon as a host in {url} is the primary';
const ACCESS =
  'Check user, password and database in {url}, and who may connect to the server (its pg_hba.conf)';

/** The first match applies. */
const REFUSALS: readonly Refusal[] = [
  {
    state: /^25006/,
    code: 'store-unavailable',
    advice: `This PostgreSQL is read-only: a standby, or default_transaction_read_only is on. ${FAILOVER}`,
    leave: true,
  },
  {
    state: /^57P0[123]/,
    code: 'store-unavailable',
    advice: 'PostgreSQL is starting or stopping, or somebody ended the connection',
    leave: true,
  },
  {
    state: /^53300/,
    code: 'store-unavailable',
    advice:
      'All connections are taken. Raise max_connections, or the CONNECTION LIMIT of the user or database: each replica of Seen uses up to four, and the process that starts several replicas two',
    leave: true,
  },
  {
    state: /^53100/,
    code: 'store-unavailable',
    advice: 'The disk of PostgreSQL is full. Make room on it',
    leave: true,
  },
  {
    state: /^53/,
    code: 'store-unavailable',
    advice: 'PostgreSQL lacks memory or another resource; its log says more',
    leave: true,
  },
  {
    // A password and rights change in two places: the other place may follow in a moment
    // (decision 13).
    state: /^28/,
    code: 'store-unavailable',
    advice: ACCESS,
    leave: true,
  },
  {
    // A new server has its users and databases only a moment after it accepts connections.
    state: /^(3D000|57P04)/,
    code: 'store-unavailable',
    advice: 'Create the database, or check its name in {url}',
    leave: true,
  },
  {
    state: /^42501/,
    code: 'store-unavailable',
    advice:
      'The user in {url} lacks a right. deploy/postgres/counting-role.sql grants all that Seen needs',
    leave: false,
  },
  {
    // The next connection creates a schema that is missing as a whole, if it may.
    state: /^(3F000|42P01|42703|42883)/,
    code: 'store-unavailable',
    advice:
      'Tables or functions of Seen are missing in this database. When all are missing, Seen creates them. When only some are, restore a backup',
    leave: true,
  },
  {
    state: /^22/,
    code: 'store-unusable',
    advice:
      'PostgreSQL cannot keep a value that Seen has sent, and trying again would not help. Correct the file if this was an import; otherwise it is a bug in Seen',
    leave: false,
  },
  {
    state: /^26000/,
    code: 'store-unusable',
    advice:
      'A pooler in between loses prepared statements. Name the server itself in {url}, or a pooler that keeps one connection for each client (session pooling)',
    leave: true,
  },
  {
    state: /^(23505|40|55P03|57014)/,
    code: 'store-unavailable',
    advice:
      'PostgreSQL is busy with another transaction, or somebody cancelled this one; see pg_stat_activity. Seen tries again',
    leave: false,
  },
  {
    state: /^(58|XX)/,
    code: 'store-unavailable',
    advice: 'PostgreSQL has an internal error, or cannot use its files; its log says more',
    leave: true,
  },
];

/** Any other error: new in a later PostgreSQL, or from a compatible service. */
const OTHER: Omit<Refusal, 'state'> = {
  code: 'store-unavailable',
  advice: 'Seen tries again',
  leave: true,
};

/**
 * Translates an error of the server. `place` is the server, and `urlIn` the name of its URL's
 * setting. Seen's own functions raise two: SE001 when PostgreSQL lacks the writer's last batch,
 * with what it has as the message; SE002 when the clocks differ, with the seconds as the message.
 */
export function refusalOf(
  error: DatabaseError,
  place: string,
  urlIn: string,
): { readonly error: AppError; readonly leave: boolean } {
  if (error.code === 'SE001') {
    const why = 'emptied, set back to an older copy, or replaced by a standby that lacked visits';
    const message = `PostgreSQL at ${place} was ${why}: answered visits may be missing (${error.message}).`;
    return { error: new AppError('sequence-mismatch', message, { cause: error }), leave: false };
  }
  if (error.code === 'SE002') {
    const seconds = Number(/-?\d+/.exec(error.message)?.[0]);
    const difference = `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'}`;
    const clocks = `This machine's clock is ${difference} that of PostgreSQL at ${place}`;
    const message = `${clocks}, which is more than Seen allows. Correct the clocks (NTP).`;
    return { error: new AppError('store-unavailable', message, { cause: error }), leave: false };
  }
  const { code, advice, leave } =
    REFUSALS.find(({ state }) => state.test(error.code ?? '')) ?? OTHER;
  const refusal = `${error.message.replace(/\.+$/, '')} (${error.code})`;
  const message = `PostgreSQL at ${place} refuses Seen: ${refusal}. ${advice.replaceAll('{url}', urlIn)}.`;
  return { error: new AppError(code, message, { cause: error }), leave };
}

/**
 * Whether a call was undone because of another transaction at the same moment: serialization
 * failure, deadlock, or a row that both have made
 * (https://www.postgresql.org/docs/15/mvcc-serialization-failure-handling.html).
 */
export function isCollision(error: unknown): boolean {
  return (
    isAppError(error, 'store-unavailable') &&
    error.cause instanceof DatabaseError &&
    ['40001', '40P01', '23505'].includes(error.cause.code ?? '')
  );
}
