/** A campaign of faults on each store: a started program, and the faults that it may meet. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SAFE as POSTGRES_SAFE, PostgresServer } from '../support/postgres-server.ts';
import { Program } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { type Fault, replicaFaults } from './fault.ts';
import {
  HANGS_MS,
  LASTS_MS,
  longRedisFaults,
  longReplicaFaults,
  longSqliteFaults,
} from './long-faults.ts';
import { longPostgresFaults, postgresFaults } from './postgres-faults.ts';
import { serverFaults } from './server-faults.ts';
import { sqliteFaults } from './sqlite-faults.ts';

/** The file system that is filled: enough for a campaign of an hour. */
const DISK = '512m';
/** Set where file systems can be mounted that end with the process. */
export const INSIDE = 'FAULTS_INSIDE';
/** Keys for a campaign of a day, all from one address. */
const KEYS = { SEEN_KEYS_MAX: '10000000', SEEN_KEYS_PER_DAY: '0' };

/** A started program, and the faults that it may meet. */
export interface Campaign {
  readonly program: Program;
  readonly faults: readonly Fault[];
  /** Faults that last longer than the deadlines. */
  readonly longFaults: readonly Fault[];
  readonly end: () => Promise<void>;
}

/** `folder` on a small file system of its own; undefined if none can be mounted. */
async function smallDisk(folder: string): Promise<string | undefined> {
  if (process.env[INSIDE] !== 'yes') return undefined;
  const path = join(folder, 'disk');
  mkdirSync(path);
  await Bun.$`mount -t tmpfs -o size=${DISK} tmpfs ${path}`;
  return path;
}

async function onRedis(folder: string): Promise<Campaign> {
  const disk = await smallDisk(folder);
  const redis = await RedisServer.start({ ...SAFE, ...(disk === undefined ? {} : { dir: disk }) });
  const proxy = await Proxy.start(redis.port);
  const program = await Program.start({
    SEEN_STORE_URL: proxy.url,
    SEEN_STORE_TIMEOUT_MS: '1000',
    ...KEYS,
  });
  return {
    program,
    faults: [...replicaFaults(program), ...serverFaults('Redis', redis, proxy, disk)],
    longFaults: [...longRedisFaults(redis), ...longReplicaFaults(program)],
    end: async () => {
      await program[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function onPostgres(folder: string): Promise<Campaign> {
  // PostgreSQL, which does not run as root, must reach its disk.
  chmodSync(folder, 0o711);
  const disk = await smallDisk(folder);
  const postgres = await PostgresServer.start(
    POSTGRES_SAFE,
    disk === undefined ? {} : { parent: disk },
  );
  const proxy = await Proxy.start(postgres.port);
  const program = await Program.start({
    SEEN_STORE_URL: proxy.lead(postgres.url),
    SEEN_STORE_TIMEOUT_MS: '1000',
    ...KEYS,
  });
  return {
    program,
    faults: [
      ...replicaFaults(program),
      ...serverFaults('PostgreSQL', postgres, proxy, disk),
      ...postgresFaults(postgres),
    ],
    longFaults: [
      ...longPostgresFaults(postgres, LASTS_MS, HANGS_MS),
      ...longReplicaFaults(program),
    ],
    end: async () => {
      await program[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

async function onSqlite(folder: string): Promise<Campaign> {
  const disk = await smallDisk(folder);
  const database = join(disk ?? folder, 'seen.db');
  const program = await Program.start({ SEEN_STORE_URL: `sqlite:${database}`, ...KEYS });
  return {
    program,
    faults: [...replicaFaults(program), ...sqliteFaults(program, database, disk)],
    longFaults: [...longSqliteFaults(database, disk), ...longReplicaFaults(program)],
    end: () => program[Symbol.asyncDispose](),
  };
}

/** Starts a campaign on each store, in a folder of its own. */
export const CAMPAIGNS = { redis: onRedis, sqlite: onSqlite, postgres: onPostgres };

export type Store = keyof typeof CAMPAIGNS;
