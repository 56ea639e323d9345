/** A PostgreSQL role that may only count: deploy/postgres/counting-role.sql has all it needs. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Change } from '../../../../src/contract/counting.ts';
import { DAY_MS, HOUR_MS } from '../../../../src/contract/history.ts';
import { RULES } from '../../../../src/contract/registry.ts';
import type { Store } from '../../../../src/contract/store.ts';
import { isAppError } from '../../../../src/counter/errors.ts';
import { createPostgresStore } from '../../../../src/stores/postgres/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { callers } from '../../../support/callers.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { ROOT } from '../../../support/program.ts';
import { find } from '../../../support/programs.ts';

const RIGHTS = join(ROOT, 'deploy/postgres/counting-role.sql');
const START = Date.UTC(2026, 10, 22, 12);

let server: PostgresServer;
let ownerUrl: string;
let roleUrl: string;
beforeAll(async () => {
  server = await PostgresServer.start();
  ownerUrl = await server.newDatabase();
  roleUrl = ownerUrl.replace('//seen:seen@', '//web:web@');
  await server.sql("CREATE ROLE web LOGIN PASSWORD 'web'");
});
afterAll(() => server[Symbol.asyncDispose]());

// Not Debian's script of this name, which looks for servers first.
const PSQL = find('psql') ?? 'psql';
const psql = (...words: string[]) => Bun.$`${PSQL} -X -q -At ${words} ${ownerUrl}`.quiet().text();
const grant = () => psql('--set', 'role=web', '--file', RIGHTS);
const open = (url: string, now = Date.now) =>
  createPostgresStore({
    url,
    ca: undefined,
    timeoutMs: 20_000,
    now,
    ...LIMITS,
    keysMax: 1,
    clocksDifferMaxMs: undefined,
  });

/** Does everything that a store can do. Each statement of the functions runs at least once. */
async function doEverything(): Promise<void> {
  let now = START;
  const store: Store = open(roleUrl, () => now);
  try {
    const name = `rights/${randomUUID()}`;
    const writer = randomUUID();
    let sequence = 0;
    const commit = (...changes: Partial<Change>[]) =>
      store.counting.commit({
        writer,
        sequence: ++sequence,
        changes: changes.map((change) => ({ counter: name, amount: 1, ...change })),
      });
    const key = () => ({ once: { key: randomUUID(), request: '1' } });
    await store.counting.ping();
    await store.registry.create(name, {
      total: 0,
      madeAt: now,
      owner: 'o',
      rules: { ...RULES, windowMs: HOUR_MS },
    });
    await commit({ visitors: callers(randomUUID()) }, key(), key());
    now += 40 * DAY_MS;
    await commit({ counter: `rights/${randomUUID()}`, visitors: callers(randomUUID()) });
    await commit({});
    now += 2 * DAY_MS;
    await commit({}, key(), key());
    await store.counting.read([name]);
    await store.registry.change(name, { total: 5, title: 'A title' });
    await store.registry.list({ search: '', after: '', limit: 10 });
    await store.history.read(name);
    await store.history.recent([name], 1, 2);
    await store.history.salt(1, 'salt');
    await store.limiter.take([
      { who: randomUUID(), limit: { name: 'x', quota: 2, windowMs: 1000 } },
    ]);
    await store.presence.heartbeat({
      id: 'r',
      name: 'r',
      version: '1',
      startedAt: 1,
      hits: 0,
      state: 'ready',
    });
    const archived = await Array.fromAsync(store.archive.readAll());
    const own = archived.filter(({ counter }) => counter === name);
    await store.archive.importAll(own, { source: randomUUID(), existing: 'add' });
    await store.archive.importAll(own, { source: randomUUID(), existing: 'replace' });
    await store.registry.delete([name]);
    await store.risks();
  } finally {
    await store.close();
  }
}

test('a role that may only count gets advice while the schema is missing', async () => {
  const store = open(roleUrl);
  const failure = await store.registry.size().catch((error: unknown) => error);
  expect(isAppError(failure, 'store-unusable')).toBe(true);
  expect(String(failure)).toContain('seen migrate');
  await store.close();
});

test('a role with the rights of counting-role.sql can do everything, and without any one of them something fails', async () => {
  const owner = open(ownerUrl);
  await owner.registry.size();
  await owner.close();
  await grant();
  await doEverything();
  const client = new Client(ownerUrl);
  await client.connect();
  const { rows } = await client.query<{ granted: string }>(
    `SELECT privilege_type || ' ON seen.' || table_name AS granted
     FROM information_schema.role_table_grants WHERE grantee = 'web' ORDER BY 1`,
  );
  expect(rows.length).toBe(54);
  const superfluous: string[] = [];
  for (const { granted } of rows) {
    await client.query(`REVOKE ${granted} FROM web`);
    const failed = await doEverything().then(
      () => false,
      (error: unknown) => isAppError(error) && /permission denied/.test(error.message),
    );
    if (!failed) superfluous.push(granted);
    await client.query(`GRANT ${granted} TO web`);
  }
  await client.end();
  expect(superfluous).toEqual([]);
}, 120_000);

test('a role that may only count can change neither the schema nor anything outside', async () => {
  await grant();
  const forbidden = [
    'CREATE TABLE seen.other (n int)',
    'DROP TABLE seen.counters',
    'TRUNCATE seen.counters',
    'UPDATE seen.schema SET version = 99',
    'ALTER TABLE seen.counters DISABLE TRIGGER ALL',
    'CREATE FUNCTION seen.other() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE SCHEMA other',
  ];
  for (const statement of forbidden) {
    const { stderr, exitCode } = await Bun.$`${PSQL} -X -q --command ${statement} ${roleUrl}`
      .quiet()
      .nothrow();
    expect({
      statement,
      exitCode,
      denied: /permission denied|must be owner/.test(stderr.toString()),
    }).toEqual({ statement, exitCode: 1, denied: true });
  }
});
