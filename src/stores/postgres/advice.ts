/** Finds settings of a PostgreSQL that put answered visits at risk. */
import type { PostgresDatabase } from './connection.ts';

/** A role's setting applies to its new sessions. */
const AS_SEEN =
  'ALTER ROLE CURRENT_USER SET synchronous_commit = on (as the user of Seen), and restart Seen';

/** Settings with values that can lose answered visits, the risk, and the SQL that removes it. */
const RISKS = [
  {
    name: 'fsync',
    risky: ['off'],
    risk: 'a crash of its machine can damage all data',
    change: 'ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()',
  },
  {
    name: 'full_page_writes',
    risky: ['off'],
    risk: 'a crash of its machine can damage all data',
    change: 'ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()',
  },
  {
    name: 'synchronous_commit',
    risky: ['off'],
    risk: 'a crash loses visits that were answered already',
    change: AS_SEEN,
  },
  {
    name: 'synchronous_commit',
    risky: ['local'],
    risk: 'a failover loses visits that were answered already',
    change: AS_SEEN,
  },
] as const;

/** The ways in which this PostgreSQL could lose answered visits, each a sentence with advice. */
export async function postgresRisks(database: PostgresDatabase): Promise<readonly string[]> {
  const names = [...RISKS.map(({ name }) => name), 'synchronous_standby_names'];
  const { rows } = await database.ask(
    'reads',
    (client) =>
      client.query<{ name: string; setting: string }>(
        'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
        [names],
      ),
    'store-unavailable',
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const risks = RISKS.filter(({ name, risky }) =>
    (risky as readonly string[]).includes(settings.get(name) ?? ''),
  ).map(
    ({ name, risk, change }) =>
      `PostgreSQL runs with ${name} ${settings.get(name)}: ${risk}. Set it with: ${change}`,
  );
  if (database.hostCount > 1 && settings.get('synchronous_standby_names') === '') {
    risks.push(
      'The store URL names several hosts, but PostgreSQL has no synchronous standby: a failover loses visits that were answered already. Set synchronous_standby_names (docs/high-availability.md).',
    );
  }
  return risks;
}
