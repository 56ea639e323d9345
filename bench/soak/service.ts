/**
 * The service of a soak run: Seen with three replicas, its store, the connection to the store, and
 * the faults injected into them.
 */
import { statSync } from 'node:fs';
import { type Fault, replicaFaults } from '../../test/faults/fault.ts';
import { serverFaults } from '../../test/faults/server-faults.ts';
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

async function onRedis(): Promise<Service> {
  const redis = await RedisServer.start();
  const proxy = await Proxy.start(redis.port);
  const program = await start(proxy.url);
  return {
    program,
    faults: [...replicaFaults(program), ...serverFaults('Redis', redis, proxy, undefined)],
    storePids: () => pidsOf(redis),
    storeBytes: async () =>
      Number(/^used_memory:(\d+)/m.exec(await redis.cli('INFO', 'memory'))?.[1]),
    kept: () => keptInRedis(redis),
    mend: async () => {
      proxy.fault = {};
      if (!(await redis.alive())) await redis.start();
    },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function onPostgres(): Promise<Service> {
  const postgres = await PostgresServer.start();
  const proxy = await Proxy.start(postgres.port);
  const program = await start(proxy.lead(postgres.url));
  return {
    program,
    faults: [...replicaFaults(program), ...serverFaults('PostgreSQL', postgres, proxy, undefined)],
    storePids: () => pidsOf(postgres),
    storeBytes: async () =>
      Number(
        await postgres.sql('SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables'),
      ),
    kept: () => keptInPostgres(postgres),
    mend: async () => {
      proxy.fault = {};
      if (!(await postgres.alive())) await postgres.start();
    },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

function pidsOf(server: { readonly pid: number }): number[] {
  return withDescendants([server.pid]).map(({ pid }) => pid);
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
