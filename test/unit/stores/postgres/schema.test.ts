/** The schema in PostgreSQL: how databases that exist get a new one, while older Seens count. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Client } from 'pg';
import { PostgresDatabase } from '../../../../src/stores/postgres/connection.ts';
import { claimSchema, SCHEMA, type Schema } from '../../../../src/stores/postgres/schema.ts';
import { createPostgresStore } from '../../../../src/stores/postgres/store.ts';
import { LIMITS } from '../../../contract/subject.ts';
import { until } from '../../../support/folder.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { failureOf } from './database.ts';

/** Of each version a hash of its step and of its functions, without comments and white space. */
const VERSIONS = [
  { step: '2eb98e971a256789', functions: 'c528dbd3c5d14945' },
  { step: '797c101536e3a507', functions: '7f1506aa0abd4598' },
  { step: 'e3b0c44298fc1c14', functions: 'ca7c3e5e25557348' },
  { step: 'e3b0c44298fc1c14', functions: 'd06e872a63f0a951' },
];

const ADVICE =
  'A database that exists gets a change of the schema or of functions only with a new step: ' +
  'restore the step, append another one (empty when only functions change) and its hashes here. ' +
  'Only for a version that is in no release yet, replace its hashes instead.';

const hashOf = (...texts: readonly string[]) =>
  new Bun.CryptoHasher('sha256')
    .update(texts.map((text) => text.replaceAll(/--.*/g, '').replaceAll(/\s+/g, ' ')).join('\n'))
    .digest('hex')
    .slice(0, 16);

test('neither a step nor the functions of a version change: that needs another step', () => {
  const { steps, functions } = SCHEMA;
  expect({ ADVICE, steps: steps.map((step) => hashOf(step)) }).toEqual({
    ADVICE,
    steps: VERSIONS.map(({ step }) => step),
  });
  expect({ ADVICE, functions: hashOf(...functions) }).toEqual({
    ADVICE,
    functions: VERSIONS.at(-1)?.functions ?? '',
  });
});

/** A function that tells which version has written it, and a newer Seen with another one. */
const told = (version: string) =>
  `CREATE OR REPLACE FUNCTION seen.told(args jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT to_jsonb('${version}'::text) $$`;
const OLD: Schema = { ...SCHEMA, functions: [...SCHEMA.functions, told('old')] };
const NEW: Schema = {
  steps: [...SCHEMA.steps, ''],
  functions: [...SCHEMA.functions, told('new')],
  oldest: SCHEMA.oldest,
};

describe('a database that exists', () => {
  let server: PostgresServer;
  /** One session for all looks: psql takes so long to start that it would miss short waits. */
  let watcher: Client;
  beforeAll(async () => {
    server = await PostgresServer.start();
    watcher = new Client(`${server.adminUrl}/postgres`);
    await watcher.connect();
  });
  afterAll(async () => {
    await watcher.end();
    await server[Symbol.asyncDispose]();
  });

  const active = (word: string) =>
    `FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%${word}%' AND pid <> pg_backend_pid()`;
  const untilActive = (word: string) =>
    until(
      `${word} to run`,
      async () => (await watcher.query(`SELECT ${active(word)}`)).rowCount === 1,
    );

  /** A Seen that has this schema; disposing of it closes it. */
  function seenOf(url: string, schema: Schema, timeoutMs = 20_000) {
    const database = new PostgresDatabase({
      url,
      ca: undefined,
      timeoutMs,
      prepare: (session, endsAt) => claimSchema(session, endsAt, database.place, schema),
    });
    const ask = () => database.call<string>('reads', 'told', 0, 'store-unavailable');
    const other = () => database.call<string>('changes', 'told', 0, 'store-unavailable');
    return { ask, other, [Symbol.dispose]: () => database.close() };
  }

  test('gets changed functions with an empty step, and older Seens use them and leave them', async () => {
    const url = await server.newDatabase();
    using old = seenOf(url, OLD);
    expect(await old.ask()).toBe('old');
    using updated = seenOf(url, NEW);
    expect(await updated.ask()).toBe('new');
    expect(await old.ask()).toBe('new');
    // On another connection, and after a start, as when an update is undone.
    expect(await old.other()).toBe('new');
    using restarted = seenOf(url, OLD);
    expect(await restarted.ask()).toBe('new');
    expect(await updated.other()).toBe('new');
  });

  test('of the first version gets titles, and keeps its counters', async () => {
    const url = await server.newDatabase();
    using first = seenOf(url, {
      steps: SCHEMA.steps.slice(0, 1),
      functions: [told('first')],
      oldest: 1,
    });
    expect(await first.ask()).toBe('first');
    const name = new URL(url).pathname.slice(1);
    await server.sql("INSERT INTO seen.counters VALUES ('my-site/old', 41, 1, 'o', NULL)", name);
    const store = createPostgresStore({
      url,
      ca: undefined,
      timeoutMs: 20_000,
      now: Date.now,
      ...LIMITS,
    });
    const old = { counter: 'my-site/old', total: 41, madeAt: 1, owner: 'o' };
    expect(await store.registry.describe('my-site/old')).toMatchObject(old);
    const label = { title: 'Old', link: 'http://a.example/' };
    expect(await store.registry.change('my-site/old', label)).toMatchObject({ ...old, ...label });
    await store.close();
  });

  test('refuses Seens for which its newer schema is not made', async () => {
    const url = await server.newDatabase();
    using old = seenOf(url, OLD);
    expect(await old.ask()).toBe('old');
    using updated = seenOf(url, { ...NEW, oldest: NEW.steps.length });
    expect(await updated.ask()).toBe('new');
    // It keeps the connections that it has.
    expect(await old.ask()).toBe('new');
    expect(await failureOf(old.other())).toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('newer Seen'),
    });
  });

  test('is updated however long that takes, while older Seens count', async () => {
    const url = await server.newDatabase();
    using old = seenOf(url, OLD);
    expect(await old.ask()).toBe('old');
    const name = new URL(url).pathname.slice(1);
    const held = server
      .sql('SELECT pg_advisory_lock(1), pg_sleep(600)', name)
      .catch(() => undefined);
    await untilActive('pg_sleep');
    // It takes as long as the lock is held, but does not wait for it: that would fail soon.
    const step = `DO $$ BEGIN
      WHILE NOT pg_try_advisory_xact_lock(1) LOOP PERFORM pg_sleep(0.01); END LOOP;
    END $$`;
    const slow: Schema = { ...NEW, steps: [...SCHEMA.steps, step] };
    const limitMs = 2000;
    using updated = seenOf(url, slow, limitMs);
    using another = seenOf(url, slow, limitMs);
    const first = updated.ask();
    await untilActive('pg_try');
    const endsAt = performance.now() + limitMs;
    expect(await old.other()).toBe('old');
    expect(await failureOf(another.ask())).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('Another Seen is updating the schema'),
    });
    await Bun.sleep(endsAt - performance.now());
    await server.sql(`SELECT pg_terminate_backend(pid) ${active('pg_advisory_lock')}`);
    await held;
    expect(await first).toBe('new');
    expect(await another.ask()).toBe('new');
  });

  test('is not updated while somebody else has locked a table, and older Seens do not wait long', async () => {
    const url = await server.newDatabase();
    using old = seenOf(url, OLD);
    expect(await old.ask()).toBe('old');
    const name = new URL(url).pathname.slice(1);
    // As pg_dump does.
    const held = server
      .sql('BEGIN; LOCK TABLE seen.salts IN ACCESS SHARE MODE; SELECT pg_sleep(600)', name)
      .catch(() => undefined);
    await untilActive('pg_sleep');
    const altered = 'ALTER TABLE seen.salts ADD COLUMN more integer';
    using updated = seenOf(url, { ...NEW, steps: [...SCHEMA.steps, altered] }, 4000);
    const refused = failureOf(updated.ask());
    await untilActive('ALTER TABLE');
    expect(await server.sql('SELECT count(*) FROM seen.salts', name)).toBe('0');
    // Who waited behind the step goes on.
    expect(await refused).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/lock timeout.*busy with another transaction/),
    });
    expect(await old.ask()).toBe('old');
    await server.sql(`SELECT pg_terminate_backend(pid) ${active('pg_sleep')}`);
    await held;
    expect(await updated.ask()).toBe('new');
  });

  test('is not left half updated when a Seen ends meanwhile', async () => {
    const url = await server.newDatabase();
    using old = seenOf(url, OLD);
    expect(await old.ask()).toBe('old');
    const steps = [...SCHEMA.steps, 'CREATE TABLE seen.more (n int); SELECT pg_sleep(600)'];
    const ended = seenOf(url, { ...NEW, steps });
    const lost = failureOf(ended.ask());
    await untilActive('pg_sleep');
    ended[Symbol.dispose]();
    expect(await lost).toMatchObject({ code: 'store-unavailable' });
    using updated = seenOf(url, NEW);
    expect(await updated.ask()).toBe('new');
    const name = new URL(url).pathname.slice(1);
    expect(await server.sql(`SELECT to_regclass('seen.more') IS NULL`, name)).toBe('t');
  });
});
