/**
 * The service of a soak run: Seen with three replicas, its store, the connection to the store, and
 * the faults injected into them.
 */
import { statSync } from 'node:fs';
import { type Fault, replicaFaults } from '../../test/faults/fault.ts';
import { type FaultyServer, serverFaults } from '../../test/faults/server-faults.ts';
import { sqliteFaults } from '../../test/faults/sqlite-faults.ts';
import { until } from '../../test/support/folder.ts';
import { PostgresServer } from '../../test/support/postgres-server.ts';
import { Program } from '../../test/support/program.ts';
import { Proxy } from '../../test/support/proxy.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { withDescendants } from '../processes.ts';
import type { StoreName } from '../stores.ts';
import { type Kept, keptInPostgres, keptInRedis } from './kept.ts';

/** A running service, with its store and the faults that can be injected. */
export interface Service extends AsyncDisposable {
  readonly program: Program;
  readonly faults: readonly Fault[];
  /** The store's own processes. */
  storePids(): readonly number[];
  /**
   * The size of the store in bytes: the memory that Redis reports, the files of SQLite, the tables
   * of PostgreSQL with dead rows and indexes.
   */
  storeBytes(): Promise<number>;
  /** The contents of the store by kind; empty for SQLite. */
  kept(): Promise<readonly Kept[]>;
  /** Ends faults, and starts a store that has ended: Ctrl-C in a terminal reaches it too. */
  mend(): Promise<void>;
}

export const REPLICAS = 3;
const SETTINGS = {
  SEEN_REPLICAS: `${REPLICAS}`,
  // Visitors are told apart by the address that the load says they have.
  SEEN_TRUSTED_PROXIES: '127.0.0.1',
  SEEN_LOG_LEVEL: 'warn',
};

/**
 * Starts the service. Ctrl-C in a terminal does not reach Seen, so that a run that is cut short
 * can still be judged.
 */
export function startService(store: StoreName): Promise<Service> {
  return { Redis: onRedis, SQLite: onSqlite, PostgreSQL: onPostgres }[store]();
}

async function start(storeUrl?: string): Promise<Program> {
  const program = await Program.prepare(
    { ...SETTINGS, ...(storeUrl === undefined ? {} : { SEEN_STORE_URL: storeUrl }) },
    ['setsid'],
  );
  await program.start();
  return program;
}

/** Seen on a server, with a proxy before it. `url` is the server's, and `figures` are its own. */
async function onServer(
  name: string,
  server: FaultyServer & AsyncDisposable & { readonly port: number; readonly pid: number },
  url: string,
  figures: Pick<Service, 'storeBytes' | 'kept'>,
): Promise<Service> {
  const proxy = await Proxy.start(server.port);
  const program = await start(proxy.lead(url));
  return {
    program,
    faults: [...replicaFaults(program), ...serverFaults(name, server, proxy, undefined)],
    storePids: () => withDescendants([server.pid]).map(({ pid }) => pid),
    ...figures,
    mend: async () => {
      proxy.fault = {};
      if (!(await server.alive())) await server.start();
    },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function onRedis(): Promise<Service> {
  const redis = await RedisServer.start();
  return onServer('Redis', redis, redis.url, {
    storeBytes: async () =>
      Number(/^used_memory:(\d+)/m.exec(await redis.cli('INFO', 'memory'))?.[1]),
    kept: () => keptInRedis(redis),
  });
}

async function onPostgres(): Promise<Service> {
  const postgres = await PostgresServer.start();
  const size = 'SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables';
  return onServer('PostgreSQL', postgres, postgres.url, {
    storeBytes: async () => Number(await postgres.sql(size)),
    kept: () => keptInPostgres(postgres),
  });
}

async function onSqlite(): Promise<Service> {
  const program = await start();
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    program,
    faults: [...replicaFaults(program), ...sqliteFaults(program, program.database, undefined)],
    storePids: () => [],
    storeBytes: () => Promise.resolve(size(program.database) + size(`${program.database}-wal`)),
    kept: () => Promise.resolve([]),
    mend: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Resolves when all replicas listen, none of `before` among them. */
export async function allListening(
  program: Program,
  before: readonly number[] = [],
): Promise<void> {
  await until(
    'all replicas to listen',
    async () => {
      const pids = await program.replicas();
      const metrics = await (await fetch(`${program.operationsUrl}/metrics`)).text();
      const listening = metrics.match(/^seen_build_info\{/gm)?.length;
      return (
        pids.length === REPLICAS &&
        listening === REPLICAS &&
        !pids.some((pid) => before.includes(pid))
      );
    },
    60_000,
  );
}
