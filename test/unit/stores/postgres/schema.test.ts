/** The schema in PostgreSQL: how databases that exist get a new one, while older Seens count. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { PostgresDatabase } from '../../../../src/stores/postgres/connection.ts';
import { claimSchema, SCHEMA, type Schema } from '../../../../src/stores/postgres/schema.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { failureOf } from './database.ts';

/** Of each version a hash of its step and of its functions, without comments and white space. */
const VERSIONS = [{ step: '2eb98e971a256789', functions: 'd7495cec7a62a9ab' }];

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
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** A Seen that has this schema; disposing of it closes it. */
  function seenOf(url: string, schema: Schema) {
    const database = new PostgresDatabase({
      url,
      ca: undefined,
      timeoutMs: 20_000,
      prepare: (client) => claimSchema(client, database.place, schema),
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
});
