/**
 * The Redis store under simulation: real Redis, the real scripts, and a numbered database for each
 * history.
 *
 * `failing.lua` is put before `stores/redis/lua/shared.lua`, so that each command of a script can
 * fail. Connections are reused, and several histories run at once, each on its own connections,
 * because Redis answers many requests faster together than one by one.
 */
import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import type { Batch } from '../../src/contract/counting.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Store } from '../../src/contract/store.ts';
import type { createRedisStore } from '../../src/stores/redis/store.ts';
import { RedisServer } from '../support/redis-server.ts';
import type { Database } from './database.ts';

/**
 * As many histories as are under way at once; each has a second database for its copy. With more,
 * more connections grow so old that the store opens others after an error (`LEAVE_AFTER_MS`), and
 * more ask for the memory in use.
 */
const TOGETHER = 4;
/** As Redis says it: memory is full, rights were taken away, and anything else. */
const MESSAGES = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  'NOPERM this user has no permissions to run this command',
  'ERR refused by the simulation',
];
const REPLICAS = 3;

type CreateStore = typeof createRedisStore;

/**
 * Loads the store with a script before its own. To be called before anything else has loaded it.
 */
async function loadStore(): Promise<CreateStore> {
  const prelude = readFileSync(new URL('failing.lua', import.meta.url), 'utf8');
  await Bun.plugin({
    name: 'commands of the scripts that fail',
    setup: (build) => {
      build.onLoad({ filter: /\/shared\.lua$/ }, ({ path }) => ({
        exports: { default: prelude + readFileSync(path, 'utf8') },
        loader: 'object',
      }));
    },
  });
  return (await import('../../src/stores/redis/store.ts')).createRedisStore;
}

/** A Redis for `openRedis`, with as many numbered databases as that needs. */
export function startRedisServer(): Promise<RedisServer> {
  return RedisServer.start({ appendonly: 'no', databases: `${2 * TOGETHER}` });
}

/** Starts a Redis; answers as many databases on it as may be used at once, and how to end all. */
export async function startRedis(atOnce: number) {
  const server = await startRedisServer();
  const { end, ...opened } = await openRedis(server.url, atOnce);
  return {
    ...opened,
    end: async () => {
      await end();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Like `startRedis`, on an empty server that runs already. */
export async function openRedis(url: string, atOnce: number) {
  const createStore = await loadStore();
  const open = Array.from({ length: Math.min(TOGETHER, atOnce) }, async (_, index) =>
    RedisDatabase.open(createStore, url, index),
  );
  const databases = await Promise.all(open);
  return {
    databases,
    /** How often each command of the script has failed. */
    failed: async () => {
      const all = new Map<string, number>();
      for (const database of databases) {
        for (const [command, times] of database.failed)
          all.set(command, (all.get(command) ?? 0) + times);
      }
      return all;
    },
    end: async () => {
      await Promise.all(databases.map((database) => database.close()));
    },
  };
}

type RawClient = Awaited<ReturnType<typeof connect>>;

async function connect(url: string) {
  return createClient({ url, RESP: 2 }).connect();
}

class RedisDatabase implements Database {
  readonly applied = false;
  readonly failed = new Map<string, number>();
  readonly #client: RawClient;
  readonly #number: number;
  readonly #stores: readonly Store[];
  #limits: StoreLimits = { keysMax: 0, visitorsMax: 0, countersMax: 0, hitsMake: false };
  #at = 0;

  private constructor(createStore: CreateStore, client: RawClient, url: string, number: number) {
    this.#client = client;
    this.#number = number;
    const limits = () => this.#limits;
    this.#stores = Array.from({ length: REPLICAS }, () =>
      createStore({
        url: `${url}/${number}`,
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

  static async open(
    createStore: CreateStore,
    url: string,
    number: number,
  ): Promise<RedisDatabase> {
    return new RedisDatabase(createStore, await connect(`${url}/${number}`), url, number);
  }

  async begin(limits: StoreLimits): Promise<void> {
    this.#limits = limits;
    await this.#client.flushDb();
  }

  at(at: number, replica = 0): Store {
    this.#at = at;
    const store = this.#stores[replica];
    if (!store) throw new Error(`there is no replica ${replica}`);
    return store;
  }

  async commit(batch: Batch, at: number, replica: number, failing: number) {
    if (failing > 0) {
      // Chosen by the time, so that a seed repeats it.
      const message = MESSAGES[at % MESSAGES.length];
      await this.#client.set('simulation:failing', `${failing} ${message}`);
    }
    try {
      return await this.at(at, replica).counting.commit(batch);
    } finally {
      if (failing > 0) await this.#noteFailed();
    }
  }

  /**
   * Takes along which command failed, and takes the order back if the script did not come that
   * far.
   */
  async #noteFailed(): Promise<void> {
    const [failed] = await Promise.all([
      this.#client.hGetAll('simulation:failed'),
      this.#client.del(['simulation:failed', 'simulation:failing']),
    ]);
    for (const [command, times] of Object.entries(failed)) {
      this.failed.set(command, (this.failed.get(command) ?? 0) + Number(times));
    }
  }

  async forgetWriters(writers: readonly string[]): Promise<void> {
    if (writers.length > 0)
      await this.#client.del(writers.map((writer) => `seen:writer:${writer}`));
  }

  get #copy(): number {
    return this.#number + TOGETHER;
  }

  async backUp(): Promise<void> {
    const keys = await this.#client.keys('*');
    await Promise.all(keys.map((key) => this.#client.copy(key, key, { DB: this.#copy })));
  }

  async setBack(): Promise<void> {
    await this.#client.flushDb();
    await this.#client.swapDb(this.#number, this.#copy);
  }

  async empty(): Promise<void> {
    await this.#client.flushDb();
  }

  async end(): Promise<void> {
    // The next history empties it.
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.#client.close();
  }
}
