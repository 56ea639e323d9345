/**
 * `seen migrate`: creates or updates the schema of the store, for installations in which
 * `seen serve` may not.
 */
import { readConfig } from '../config/config.ts';
import type { Command, Context } from './command.ts';
import { composeStore } from './compose/store.ts';

async function run({ argv, env, print }: Context): Promise<number> {
  const store = await composeStore(readConfig({ argv, env }), 'make');
  try {
    // Each store creates or updates its schema on first use.
    await store.registry.size();
    print(`The schema of ${store.place} is ready for this Seen.\n`);
    return 0;
  } finally {
    await store.close();
  }
}

export const migrate: Command = {
  summary: 'create or update the schema of the store',
  manual: () => `Usage: seen migrate [FLAGS]
       seen migrate --store-url postgres://OWNER:PASSWORD@HOST:5432/DATABASE

Creates the schema of this version of Seen in the store, or updates an older one, as seen serve
does when it starts. Run it before an update if seen serve connects to PostgreSQL with a role that
may only count (docs/postgresql.md). Replicas of the previous version keep counting. On SQLite it
creates the database file if there is none. Redis has no schema.

Exit status:
  0    the schema is ready for this Seen
  2    a mistake in the command line or in the settings
  69   the store cannot be reached (this does not wait for it)
  78   the store cannot be used: another program or a newer Seen has written it, this role may not
       change it, or PostgreSQL is older than 14
`,
  run,
};
