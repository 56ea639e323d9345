/**
 * The PostgreSQL store under simulation: real PostgreSQL, the real functions, several histories at
 * once, each in a database of its own that is emptied before the next.
 *
 * `failing.sql` lets each statement of a commit fail, and COMMIT itself. Nothing has to survive a
 * crash, so the server does not wait for its disk.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { Batch } from '../../src/contract/counting.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Store } from '../../src/contract/store.ts';
import { isAppError } from '../../src/counter/errors.ts';
import { createPostgresStore } from '../../src/stores/postgres/store.ts';
import { until } from '../support/folder.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import type { Database } from './database.ts';

/** The number of histories in progress at once: more are no faster on two cores. */
const TOGETHER = 6;
const REPLICAS = 3;
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '200',
};
/**
 * A full disk, no memory, a right that was taken away, a deadlock, a cancelled statement, and the
 * warning that a standby may lack what was committed
 * (https://www.postgresql.org/docs/15/errcodes-appendix.html).
 */
const CODES = ['53100', '53200', '42501', '40P01', '57014', '01000'] as const;
/** The tables that commits and changes of counters write. */
const TABLES = 'counters labels writers keys sums hours days uniques visitors salts sources'.split(
  ' ',
);

/** A PostgreSQL whose databases may be given to `openPostgres`. */
export function startPostgresServer(): Promise<PostgresServer> {
  return PostgresServer.start(SETTINGS);
}

/** Starts a PostgreSQL. Returns the databases that may be used at once, and how to stop it. */
export async function startPostgres(atOnce: number) {
  const server = await startPostgresServer();
  const length = Math.min(TOGETHER, atOnce);
  const { end, ...opened } = await openPostgres(
    await Promise.all(Array.from({ length }, () => server.newDatabase())),
  );
  return {
    ...opened,
    end: async () => {
      await end();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Like `startPostgres`, on empty databases of a server that runs already. */
export async function openPostgres(urls: readonly string[]) {
  const databases = await Promise.all(urls.map((url) => PostgresDatabase.open(url)));
  return {
    databases,
    /** How often each statement has failed. */
    failed: async () => {
      const all = new Map<string, number>();
      for (const { failed } of databases)
        for (const [what, times] of failed) all.set(what, (all.get(what) ?? 0) + times);
      return all;
    },
    end: async () => {
      await Promise.all(databases.map((database) => database.close()));
    },
  };
}

class PostgresDatabase implements Database {
  applied = false;
  readonly failed = new Map<string, number>();
  readonly #client: pg.Client;
  readonly #stores: readonly Store[];
  #limits: StoreLimits = { keysMax: 0, visitorsMax: 0, countersMax: 0, hitsMake: false };
  #at = 0;

  private constructor(client: pg.Client, url: string) {
    this.#client = client;
    const limits = () => this.#limits;
    this.#stores = Array.from({ length: REPLICAS }, () =>
      createPostgresStore({
        url,
        ca: undefined,
        timeoutMs: 60_000,
        now: () => this.#at,
        get keysMax() {
          return limits().keysMax;
        },
        get visitorsMax() {
          return limits().visitorsMax;
        },
        get countersMax() {
          return limits().countersMax;
        },
        get hitsMake() {
          return limits().hitsMake;
        },
      }),
    );
  }

  static async open(url: string): Promise<PostgresDatabase> {
    // The superuser's own statements fire no triggers.
    const client = new pg.Client({
      connectionString: url.replace('seen:seen', 'postgres:admin'),
      options: '-c session_replication_role=replica',
    });
    await client.connect();
    const database = new PostgresDatabase(client, url);
    await database.at(0).counting.ping();
    await client.query(readFileSync(new URL('failing.sql', import.meta.url), 'utf8'));
    return database;
  }

  async begin(limits: StoreLimits): Promise<void> {
    this.#limits = limits;
    await this.empty();
  }

  at(at: number, replica = 0): Store {
    this.#at = at;
    const store = this.#stores[replica];
    if (!store) throw new Error(`there is no replica ${replica}`);
    return store;
  }

  async commit(batch: Batch, at: number, replica: number, failing: number) {
    // Chosen by the time, so that a seed repeats it.
    const code = CODES[at % CODES.length] ?? '53100';
    if (failing > 0)
      await this.#client.query(`INSERT INTO simulation.failing VALUES (${failing}, '${code}')`);
    try {
      return await this.at(at, replica).counting.commit(batch);
    } catch (error) {
      const [, what] = /failed in (\w+ of \w+)/.exec(String(error)) ?? [];
      if (what !== undefined) this.failed.set(what, (this.failed.get(what) ?? 0) + 1);
      if (isAppError(error, 'hit-unconfirmed')) this.applied = await this.#isLast(batch);
      throw error;
    } finally {
      if (failing > 0) await this.#client.query('DELETE FROM simulation.failing');
    }
  }

  /**
   * Whether the batch is the last of its writer, once no transaction is in progress: a warning
   * arrives before its transaction has ended.
   */
  async #isLast({ writer, sequence }: Batch): Promise<boolean> {
    await until('no transaction to be in progress', async () => {
      const { rowCount } = await this.#client.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND state <> 'idle' AND pid <> pg_backend_pid()`,
      );
      return rowCount === 0;
    });
    const { rowCount } = await this.#client.query(
      'SELECT FROM seen.writers WHERE writer = $1 AND sequence = $2',
      [writer, sequence],
    );
    return rowCount === 1;
  }

  async forgetWriters(writers: readonly string[]): Promise<void> {
    await this.#client.query('DELETE FROM seen.writers WHERE writer = ANY ($1)', [writers]);
  }

  async backUp(): Promise<void> {
    await this.#each(
      (table) =>
        `DELETE FROM simulation.copy_of_${table};
         INSERT INTO simulation.copy_of_${table} SELECT * FROM seen.${table}`,
    );
  }

  async setBack(): Promise<void> {
    await this.#each(
      (table) =>
        `DELETE FROM seen.${table};
         INSERT INTO seen.${table} SELECT * FROM simulation.copy_of_${table}`,
    );
  }

  async empty(): Promise<void> {
    await this.#each((table) => `DELETE FROM seen.${table}`);
  }

  async end(): Promise<void> {
    // The next history empties it.
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.#client.end();
  }

  /** In one transaction. */
  async #each(statements: (table: string) => string): Promise<void> {
    await this.#client.query(TABLES.map(statements).join(';'));
  }
}
