/** Faults that only PostgreSQL has; those of every server are in `server-faults.ts`. */
import { until } from '../support/folder.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { type Fault, forAWhile, kill } from './fault.ts';
import type { Random } from './random.ts';

const OF_SEEN = `FROM pg_stat_activity WHERE usename = 'seen'`;
const END_ALL = `SELECT pg_terminate_backend(pid) ${OF_SEEN}`;

/** Faults that end within the deadlines. */
export function postgresFaults(postgres: PostgresServer): Fault[] {
  return [
    {
      name: 'kill -9 of one process of PostgreSQL',
      inject: async (random) => {
        const pids = (await postgres.sql(`SELECT pid ${OF_SEEN}`)).split('\n').filter(Boolean);
        kill(Number(random.one(pids)), 'SIGKILL');
        // It ends all the others, and starts again by itself.
        await until('it to be there again', () => postgres.sql('SELECT 1'));
        return undefined;
      },
    },
    {
      name: 'transactions cancelled',
      inject: async () => {
        for (let n = 0; n < 20; n++)
          await postgres.sql(`SELECT pg_cancel_backend(pid) ${OF_SEEN} AND state = 'active'`);
        return undefined;
      },
    },
    {
      name: 'connections ended by an administrator',
      inject: async () => {
        await postgres.sql(END_ALL);
        return undefined;
      },
    },
    ...changes(postgres, 300, 3000),
  ];
}

/** Faults that last longer than the deadlines. */
export function longPostgresFaults(
  postgres: PostgresServer,
  lasts: readonly [minMs: number, maxMs: number],
  hangs: readonly [minMs: number, maxMs: number],
): Fault[] {
  return [
    {
      name: 'PostgreSQL stands still for longer than visits wait (SIGSTOP)',
      inject: async (random) => {
        postgres.pause();
        const said = await forAWhile(random, ...hangs);
        postgres.resume();
        return said;
      },
    },
    ...changes(postgres, ...lasts).map((fault) => ({
      ...fault,
      name: `${fault.name}, for longer than visits wait`,
    })),
  ];
}

/** Statements that cause a fault, and those that end it. */
function changes(postgres: PostgresServer, minMs: number, maxMs: number): Fault[] {
  const changed = (name: string, fault: string, cure: string): Fault => ({
    name,
    inject: async (random: Random) => {
      await postgres.sql(fault);
      const said = await forAWhile(random, minMs, maxMs);
      await postgres.sql(cure);
      return said;
    },
  });
  return [
    changed(
      'PostgreSQL is read-only',
      'ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()',
      `SET default_transaction_read_only = off;
       ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()`,
    ),
    changed(
      'PostgreSQL has no connection left',
      `ALTER ROLE seen CONNECTION LIMIT 0; ${END_ALL}`,
      'ALTER ROLE seen CONNECTION LIMIT -1',
    ),
    changed(
      'the user may not log in',
      `ALTER ROLE seen NOLOGIN; ${END_ALL}`,
      'ALTER ROLE seen LOGIN',
    ),
    {
      name: 'another program locks the counters',
      inject: async (random) => {
        const seconds = Math.round(random.between(minMs, maxMs)) / 1000;
        await postgres.sql(`BEGIN; LOCK TABLE seen.counters; SELECT pg_sleep(${seconds})`);
        return `${seconds * 1000} ms`;
      },
    },
  ];
}
