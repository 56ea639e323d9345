/** A deleted counter leaves nothing in real stores, whatever it contained. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DAY_MS, HOURS_KEPT_DAYS } from '../../../src/contract/history.ts';
import { RULES } from '../../../src/contract/registry.ts';
import type { Store } from '../../../src/contract/store.ts';
import { createPostgresStore } from '../../../src/stores/postgres/store.ts';
import { createRedisStore } from '../../../src/stores/redis/store.ts';
import { createSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { LIMITS } from '../../contract/subject.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { RedisServer, SAFE } from '../../support/redis-server.ts';

const NAME = 'my-site/page';
const limits = { ...LIMITS, timeoutMs: 20_000 };
/** Half an hour after midnight: yesterday's visitors are still kept. */
const MIDNIGHT = Date.UTC(2026, 10, 22);

/**
 * Gives a counter all that one may have: days, hours, visitors of two days, a window, an owner, a
 * title, a source.
 */
async function fill(store: Store, clock: { at: number }): Promise<void> {
  const writer = randomUUID();
  let sequence = 0;
  const visit = (at: number) => {
    clock.at = at;
    const visitors = [{ id: randomUUID(), kind: 'person' as const, visits: 1 }];
    const change = { counter: NAME, amount: 1, kinds: { person: 1 }, visitors };
    return store.counting.commit({ writer, sequence: ++sequence, changes: [change] });
  };
  await visit(MIDNIGHT - (HOURS_KEPT_DAYS + 2) * DAY_MS);
  await visit(MIDNIGHT - 60_000);
  const rules = { windowMs: DAY_MS };
  await store.registry.change(NAME, { owner: 'of somebody', title: 'A title', rules });
  const past = {
    hours: [],
    days: [{ at: 1, kind: 'bot', amount: 1 }],
    visitors: new Map([[2, 1]]),
  } as const;
  const archived = { counter: NAME, total: 3, madeAt: 1, owner: undefined, rules: RULES, past };
  await store.archive.importAll([archived], { source: 'elsewhere', existing: 'add' });
  await visit(MIDNIGHT + 30 * 60_000);
}

describe('after a counter was deleted', () => {
  test('no key of it is left in Redis', async () => {
    await using server = await RedisServer.start();
    const clock = { at: MIDNIGHT };
    const store = createRedisStore({
      url: server.url,
      ca: undefined,
      ...limits,
      now: () => clock.at,
    });
    await fill(store, clock);
    const keys = async () =>
      (await server.cli('KEYS', `*${NAME}`)).split('\n').filter(Boolean).toSorted();
    expect(await keys()).toEqual(
      ['counter', 'days', 'hours', 'recent', 'total', 'uniques', 'visitors'].map(
        (kind) => `seen:${kind}:${NAME}`,
      ),
    );
    expect(await store.registry.delete([NAME])).toEqual(['deleted']);
    expect(await keys()).toEqual([]);
    expect(await server.cli('ZCARD', 'seen:names')).toBe('0');
    await store.close();
  });

  test('no row of it is left in any table of SQLite', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'seen.db');
    const clock = { at: MIDNIGHT };
    const store = createSqliteStore({ path, missing: 'make', ...limits, now: () => clock.at });
    await fill(store, clock);
    const file = new Database(path, { readonly: true });
    const tables = file
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name)
      .filter((name) =>
        file
          .query<{ name: string }, [string]>('SELECT name FROM pragma_table_info(?1)')
          .all(name)
          .some((column) => column.name === 'counter'),
      );
    expect(tables.toSorted()).toEqual([
      'days',
      'hours',
      'labels',
      'sources',
      'uniques',
      'visitors',
    ]);
    const rows = () =>
      tables.map((table) => [
        table,
        file
          .query<{ rows: number }, [string]>(
            `SELECT count(*) AS rows FROM ${table} WHERE counter = ?1`,
          )
          .get(NAME)?.rows,
      ]);
    for (const [table, count] of rows()) expect({ table, count }).not.toEqual({ table, count: 0 });
    expect(await store.registry.delete([NAME])).toEqual(['deleted']);
    expect(rows()).toEqual(tables.map((table) => [table, 0]));
    expect(await store.registry.size()).toBe(0);
    file.close();
    await store.close();
  });

  test('no row is left in any table of PostgreSQL', async () => {
    await using server = await PostgresServer.start();
    const clock = { at: MIDNIGHT };
    const store = createPostgresStore({
      url: server.url,
      ca: undefined,
      ...limits,
      now: () => clock.at,
    });
    await fill(store, clock);
    const tables = (
      await server.sql(`
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'seen' AND column_name = 'counter' ORDER BY table_name`)
    ).split('\n');
    expect(tables).toEqual(['days', 'hours', 'labels', 'sources', 'uniques', 'visitors']);
    const rows = async () => {
      const counts = tables.map((table) =>
        server.sql(`SELECT count(*) FROM seen.${table} WHERE counter = '${NAME}'`),
      );
      return Promise.all(counts);
    };
    expect(await rows()).not.toContain('0');
    expect(await store.registry.delete([NAME])).toEqual(['deleted']);
    expect(await rows()).toEqual(tables.map(() => '0'));
    expect(await store.registry.size()).toBe(0);
    await store.close();
  });
});

describe('when the memory of Redis is full', () => {
  test('counters can still be deleted; changes are refused completely', async () => {
    await using server = await RedisServer.start(SAFE);
    const store = createRedisStore({ url: server.url, ca: undefined, ...limits, now: Date.now });
    await store.registry.create(NAME, { total: 5, madeAt: 1000, owner: 'of somebody' });
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    const before = await store.registry.describe(NAME);
    const changes = { total: 6, rules: { private: true } };
    await expect(store.registry.change(NAME, changes)).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    expect(await store.registry.describe(NAME)).toEqual(before);
    expect(await store.registry.delete([NAME], { owner: 'of somebody' })).toEqual(['deleted']);
    expect(await store.registry.describe(NAME)).toBeUndefined();
    await store.close();
  });
});
