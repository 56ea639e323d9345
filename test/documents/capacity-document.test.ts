/**
 * docs/capacity.md states how many bytes each operation leaves in each store. Here every operation
 * runs many times on the real databases, and what it left is compared with the document: no more
 * than stated, and not so much less that the figure is wrong.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../../src/contract/counting.ts';
import { DAY_MS, HOUR_MS } from '../../src/contract/history.ts';
import { RULES } from '../../src/contract/registry.ts';
import type { Store } from '../../src/contract/store.ts';
import { openStore } from '../../src/stores/open.ts';
import { createPostgresStore } from '../../src/stores/postgres/store.ts';
import { createRedisStore } from '../../src/stores/redis/store.ts';
import { createSqliteStore } from '../../src/stores/sqlite/store.ts';
import { LIMITS } from '../contract/subject.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { PostgresServer, SAFE as SAFE_POSTGRES } from '../support/postgres-server.ts';
import { ROOT } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';

/** The longest name that a counter may have. */
const longest = (n: number) => `${'n'.repeat(64)}/${String(n).padStart(64, 'k')}`;
const TIMES = 4000;
const AT_ONCE = 500;

interface Hands {
  readonly store: Store;
  readonly commit: (...changes: Change[]) => Promise<unknown>;
  /** Lets time pass, for the store. */
  readonly pass: (ms: number) => void;
}

/** An operation, done `TIMES` times after what it needs; by its name in the document. */
interface Operation {
  before?(hands: Hands): Promise<unknown>;
  run(hands: Hands): Promise<unknown>;
}

const id = () => randomUUID().slice(0, 11);
const person = (who: string) => [{ id: who, kind: 'person', visits: 1 }] as const;

/** Commits `TIMES` changes, some in each batch. */
/** The names of all pages, as many in each list as are deleted at once. */
const pages = () =>
  Array.from({ length: TIMES / AT_ONCE }, (_, batch) =>
    Array.from({ length: AT_ONCE }, (__, index) => page(batch * AT_ONCE + index)),
  );

async function inBatches({ commit }: Hands, change: (n: number) => Change): Promise<void> {
  for (let from = 0; from < TIMES; from += AT_ONCE) {
    await commit(...Array.from({ length: AT_ONCE }, (_, index) => change(from + index)));
  }
}

const page = (n: number) => `my-site/page-${n}`;
const hitAll = (hands: Hands) => inBatches(hands, (n) => ({ counter: page(n), amount: 1 }));
const window = { ...RULES, windowMs: DAY_MS };

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a visit, again in the same hour': { before: hitAll, run: hitAll },
  'a visit of a kind that its counter has not had in this hour': {
    before: hitAll,
    async run(hands) {
      hands.pass(HOUR_MS);
      await hitAll(hands);
    },
  },
  'a visit of somebody who was not there today': {
    before: hitAll,
    run: (hands) =>
      inBatches(hands, (n) => ({ counter: page(n), amount: 1, visitors: person(id()) })),
  },
  'the same to a counter with a window': {
    async before({ store }) {
      for (let n = 0; n < 8; n++) {
        await store.registry.create(page(n), { total: 0, madeAt: 1, owner: 'o', rules: window });
      }
    },
    async run({ commit }) {
      for (let n = 0; n < TIMES / AT_ONCE; n++) {
        const visitors = Array.from({ length: AT_ONCE }, () => person(id())[0]);
        await commit({ counter: page(n), amount: AT_ONCE, kinds: { person: AT_ONCE }, visitors });
      }
    },
  },
  'a visit with an `Idempotency-Key`': {
    run: (hands) =>
      inBatches(hands, () => ({
        counter: 'hits',
        amount: 1,
        once: { key: randomUUID().slice(0, 22), request: '1' },
      })),
  },
  'a new counter, by its first visit': {
    run: (hands) =>
      inBatches(hands, (n) => ({ counter: longest(n), amount: 1, visitors: person(id()) })),
  },
  'a new counter, over the API': {
    async run({ store }) {
      for (let n = 0; n < TIMES; n++) {
        const owner = `${randomUUID()}${n}`.slice(0, 43).padEnd(43, '-');
        await store.registry.create(longest(n), {
          total: 0,
          madeAt: Date.now(),
          owner,
          rules: window,
        });
      }
    },
  },
  'a title and a link, the longest': {
    before: hitAll,
    async run({ store }) {
      for (let n = 0; n < TIMES; n++) {
        const title = `${n}`.padEnd(8, '-') + '\u{1F600}'.repeat(92);
        const link = `https://my-site.example/${n}`.padEnd(500, 'x');
        await store.registry.change(page(n), { title, link });
      }
    },
  },
  'a counter that is set, or given other rules, another owner, title or link': {
    before: async (hands) => {
      await hitAll(hands);
      for (let n = 0; n < TIMES; n++) {
        await hands.store.registry.change(page(n), { rules: { ...window, windowMs: 1000 } });
        const label = { title: 'Some title', link: 'http://a.example/' };
        await hands.store.registry.change(page(n), { owner: 'o'.repeat(43), ...label });
      }
    },
    async run({ store }) {
      for (let n = 0; n < TIMES; n++) {
        await store.registry.change(page(n), { total: n });
        await store.registry.change(page(n), { rules: { ...window, windowMs: 2000 } });
        await store.registry.change(page(n), { owner: 'p'.repeat(43) });
        const label = { title: 'More title', link: 'http://b.example/' };
        await store.registry.change(page(n), label);
      }
    },
  },
  'a reading': {
    before: hitAll,
    async run({ store }) {
      for (let n = 0; n < TIMES; n += AT_ONCE) {
        const names = Array.from({ length: AT_ONCE }, (_, index) => page(n + index));
        await store.counting.read([...names, 'no-such/counter']);
        await store.registry.describe(page(n));
        await store.history.read(page(n));
        const today = Math.floor(Date.now() / DAY_MS);
        await store.history.recent(names.slice(0, 100), today, today);
        await store.registry.list({ search: 'page', after: '', limit: 100 });
      }
    },
  },
  'an address that uses a limit': {
    async run({ store }) {
      const limit = { name: 'requests', quota: 10, windowMs: DAY_MS };
      for (let n = 0; n < TIMES; n += AT_ONCE) {
        await store.limiter.take(Array.from({ length: AT_ONCE }, () => ({ who: id(), limit })));
      }
    },
  },
  'a counter that is deleted, with all that was kept of it': {
    async run(hands) {
      await hitAll(hands);
      for (const names of pages()) await hands.store.registry.delete(names);
    },
  },
};

/** What the document states: bytes of each store, by operation. */
const STATED = new Map(
  [
    ...readFileSync(join(ROOT, 'docs/capacity.md'), 'utf8').matchAll(
      /^\| ([^|]+?) \| (\d+) \| (\d+) \| (\d+) \|/gm,
    ),
  ].map(([, name = '', redis, sqlite, postgres]) => [
    name,
    { redis: Number(redis), sqlite: Number(sqlite), postgres: Number(postgres) },
  ]),
);

function handsOn(store: Store, time: { now: number }): Hands {
  const writer = randomUUID();
  let sequence = 0;
  return {
    store,
    commit: (...changes) => store.counting.commit({ writer, sequence: ++sequence, changes }),
    pass: (ms) => {
      time.now += ms;
    },
  };
}

/** Does the operation; answers how many bytes each time has left. */
async function left(
  operation: Operation,
  hands: Hands,
  bytes: () => Promise<number>,
): Promise<number> {
  // What the first of each kind needs once is no operation's.
  await hitAll(hands);
  for (const names of pages()) await hands.store.registry.delete(names);
  await operation.before?.(hands);
  await OPERATIONS['a reading']?.run(hands);
  const before = await bytes();
  await operation.run(hands);
  return ((await bytes()) - before) / TIMES;
}

function compare(operation: string, store: 'redis' | 'sqlite' | 'postgres', bytes: number): void {
  const stated = STATED.get(operation)?.[store];
  const said = `${operation}: ${bytes.toFixed(1)} bytes, stated are ${stated}`;
  // A page or a table of hashes that has just grown, or given back, is a few bytes each time.
  expect({ said, most: bytes <= (stated ?? -1) + 8 }).toEqual({ said, most: true });
  expect({ said, least: bytes >= (stated ?? 0) * 0.6 - 8 }).toEqual({ said, least: true });
}

describe('docs/capacity.md states the space that each operation leaves in use', () => {
  test('it lists every operation, and nothing else', async () => {
    expect([...STATED.keys()].toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
    // A store that can do more stands here with it.
    const known = [
      'counting.commit',
      'counting.read',
      'registry.create',
      'registry.change',
      'registry.delete',
      'registry.describe',
      'registry.list',
      'history.read',
      'history.recent',
      'limiter.take',
    ];
    const others = [
      'counting.ping',
      'counting.waitForTurn',
      'registry.size',
      'history.salt',
      'presence.heartbeat',
      'archive.readAll',
      'archive.importAll',
      'archive.previewImport',
      'risks',
      'close',
    ];
    const store = await openStore({
      url: 'sqlite:none',
      ca: undefined,
      timeoutMs: 1,
      missing: 'refuse',
      ...LIMITS,
    });
    const calls = Object.entries(store).flatMap(([name, part]: [string, unknown]) => {
      if (typeof part === 'string') return [];
      if (typeof part !== 'object') return [name];
      return Object.getOwnPropertyNames(Object.getPrototypeOf(part) as object)
        .filter((method) => !['constructor', 'short'].includes(method))
        .map((method) => `${name}.${method}`);
    });
    expect(calls).toContain('counting.commit');
    expect(calls.filter((name) => ![...known, ...others].includes(name))).toEqual([]);
  });

  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await PostgresServer.start({ ...SAFE_POSTGRES, fsync: 'off' });
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  for (const [what, operation] of Object.entries(OPERATIONS)) {
    test(`${what}, in PostgreSQL`, async () => {
      const url = await postgres.newDatabase();
      const time = { now: Date.now() };
      const options = { url, ca: undefined, timeoutMs: 20_000, ...LIMITS, keysMax: 100_000 };
      const store = createPostgresStore({ ...options, now: () => time.now });
      const bytes = async () => {
        const database = new URL(url).pathname.slice(1);
        // Old versions of rows go away with it, as they do in time by themselves.
        await postgres.sql('VACUUM FULL', database);
        const sizes = await postgres.sql(
          "SELECT sum(pg_relation_size(oid) + pg_indexes_size(oid)) FROM pg_class WHERE relnamespace = 'seen'::regnamespace AND relkind = 'r'",
          database,
        );
        return Number(sizes);
      };
      compare(what, 'postgres', await left(operation, handsOn(store, time), bytes));
      await store.close();
    });

    test(`${what}, in Redis`, async () => {
      await using server = await RedisServer.start({ ...SAFE, appendfsync: 'no' });
      const time = { now: Date.now() };
      const options = {
        url: server.url,
        ca: undefined,
        timeoutMs: 20_000,
        ...LIMITS,
        keysMax: 100_000,
      };
      const store = createRedisStore({ ...options, now: () => time.now });
      const used = async () => {
        const info = await server.cli('INFO', 'memory');
        const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
        // Buffers of connections and of the append-only file are there for a moment.
        return field('used_memory') - field('mem_clients_normal') - field('mem_aof_buffer');
      };
      const bytes = async () => {
        await server.cli('SCRIPT', 'FLUSH');
        // Redis makes its tables smaller a little at a time, ten times a second.
        const seen = [await used()];
        await until('the memory to stay the same', async () => {
          await Bun.sleep(150);
          seen.unshift(await used());
          return (
            seen.length >= 4 &&
            seen.slice(0, 4).every((other) => Math.abs(other - (seen[0] ?? 0)) < 512)
          );
        });
        return seen[0] ?? 0;
      };
      compare(what, 'redis', await left(operation, handsOn(store, time), bytes));
      await store.close();
    });

    test(`${what}, in SQLite`, async () => {
      using folder = temporaryFolder('/dev/shm');
      const path = join(folder.path, 'seen.db');
      const time = { now: Date.now() };
      const options = {
        path,
        missing: 'make' as const,
        timeoutMs: 5000,
        ...LIMITS,
        keysMax: 100_000,
      };
      const store = createSqliteStore({ ...options, now: () => time.now });
      const bytes = async () => {
        using database = new Database(path);
        const pragma = (word: string) =>
          Object.values(
            database.query<Record<string, number>, []>(`PRAGMA ${word}`).get() ?? {},
          )[0] ?? 0;
        return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
      };
      compare(what, 'sqlite', await left(operation, handsOn(store, time), bytes));
      await store.close();
    });
  }
});
