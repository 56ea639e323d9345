/** Errors and warnings of a real PostgreSQL: their codes, and whether a call was applied. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { until } from '../../../support/folder.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { failureOf, makeFunctions, marksOf, open, WAITING } from './database.ts';

/** For each SQLSTATE: the code of a call that writes visits, and words of the advice. */
const STATES = {
  '25006': ['store-unavailable', 'read-only'],
  '26000': ['store-unusable', 'session pooling'],
  '28P01': ['store-unavailable', 'Check user, password'],
  '3D000': ['store-unavailable', 'Create the database'],
  '3F000': ['store-unavailable', 'are missing'],
  '40001': ['store-unavailable', 'busy'],
  '40P01': ['store-unavailable', 'busy'],
  '23505': ['store-unavailable', 'busy'],
  '42501': ['store-unavailable', 'lacks a right'],
  '42P01': ['store-unavailable', 'are missing'],
  '42883': ['store-unavailable', 'are missing'],
  '53100': ['store-unavailable', 'disk of PostgreSQL is full'],
  '53200': ['store-unavailable', 'lacks memory'],
  '53300': ['store-unavailable', 'max_connections'],
  '55P03': ['store-unavailable', 'busy'],
  '22003': ['store-unusable', 'Correct the file'],
  '22P05': ['store-unusable', 'Correct the file'],
  '54001': ['store-unavailable', 'Seen tries again'],
  SE001: ['sequence-mismatch', 'answered visits may be missing (at 7)'],
  '08006': ['hit-unconfirmed', 'Seen tries again'],
  '57014': ['hit-unconfirmed', 'busy'],
  '57P01': ['hit-unconfirmed', 'starting or stopping'],
  '58030': ['hit-unconfirmed', 'its log says more'],
  XX000: ['hit-unconfirmed', 'its log says more'],
} as const;

describe('PostgreSQL refuses', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await makeFunctions(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const pid = (database: ReturnType<typeof open>) =>
    database.call('commits', 'pid', 0, 'hit-unconfirmed');

  test.each(Object.entries(STATES))('with %s, which becomes %p', async (state, [code, words]) => {
    using database = open(server.url);
    const raised = database.call(
      'commits',
      'raise',
      { state, message: 'at 7' },
      'hit-unconfirmed',
    );
    const error = await failureOf(raised);
    expect(String(error)).toContain(database.place);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    // Nothing was lost, so the next call is answered.
    expect(await pid(database)).toBeNumber();
  });

  test('a commit when the clocks differ, and reports which one is ahead', async () => {
    using database = open(server.url);
    for (const [seconds, words] of [
      ['4000', '4000 s ahead of that of PostgreSQL'],
      ['-4000', '4000 s behind that of PostgreSQL'],
    ] as const) {
      const args = { state: 'SE002', message: seconds };
      expect(
        await failureOf(database.call('commits', 'raise', args, 'hit-unconfirmed')),
      ).toMatchObject({ code: 'store-unavailable', message: expect.stringContaining(words) });
    }
  });

  test('an error that ends the connection leaves a call unconfirmed, whatever its SQLSTATE', async () => {
    // What a full disk under the log does: the error comes, and then the server ends.
    const relay = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1');
      client.pipe(upstream);
      upstream.on('data', (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; ) {
          const end = at + 1 + bytes.readUInt32BE(at + 1);
          client.write(bytes.subarray(at, end));
          if (bytes[at] === 'E'.charCodeAt(0)) return client.destroySoon();
          at = end;
        }
      });
      for (const socket of [client, upstream]) {
        socket.on('error', () => undefined).on('close', () => upstream.destroy());
      }
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const address = relay.address();
    const port = typeof address === 'object' ? address?.port : 0;
    using database = open(`postgres://seen:seen@127.0.0.1:${port}/seen?sslmode=disable`);
    const args = { state: '53100', message: 'no space' };
    const raised = await failureOf(database.call('commits', 'raise', args, 'hit-unconfirmed'));
    expect(raised).toMatchObject({
      code: 'hit-unconfirmed',
      message: expect.stringContaining('no space (53100)'),
    });
    // For a call that writes no visits, the error says enough.
    const other = await failureOf(database.call('reads', 'raise', args, 'store-unavailable'));
    expect(other).toMatchObject({ code: 'store-unavailable' });
    relay.close();
  });

  test('a commit that the standby did not confirm is not answered, although it is stored', async () => {
    await server.setSynchronousStandby('nobody');
    const isWaiting = async () => (await server.sql(`SELECT count(*) ${WAITING}`)) === '1';
    for (const end of ['pg_cancel_backend', 'pg_terminate_backend']) {
      using database = open(server.url);
      const mark = randomUUID();
      const slow = failureOf(database.call('commits', 'mark', { mark }, 'hit-unconfirmed'));
      const behind = failureOf(database.call('commits', 'marks', { mark }, 'hit-unconfirmed'));
      await until('the commit to wait', isWaiting);
      await server.sql(`SELECT ${end}(pid) ${WAITING}`);
      expect(await slow).toMatchObject({
        code: 'hit-unconfirmed',
        message: expect.stringContaining(end === 'pg_cancel_backend' ? '01000' : '57P01'),
      });
      expect(await behind).toMatchObject({ code: 'store-unavailable' });
      expect(await marksOf(server, mark)).toBe(1);
    }
    await server.setSynchronousStandby('');
  });

  test('a warning does not fail a call that writes no visits', async () => {
    using database = open(server.url);
    const warned = database.ask(
      'reads',
      (client) => client.query(`DO $$ BEGIN RAISE WARNING 'careful'; END $$`),
      'store-unavailable',
    );
    expect(await warned).toBeDefined();
    const notice = database.ask(
      'reads',
      (client) => client.query(`DO $$ BEGIN RAISE NOTICE 'by the way'; END $$`),
      'hit-unconfirmed',
    );
    expect(await notice).toBeDefined();
  });

  test('visits while it is read-only, and takes them afterwards', async () => {
    await server.sql('ALTER ROLE seen SET default_transaction_read_only = on');
    using database = open(server.url);
    const mark = () => database.call('commits', 'mark', { mark: '' }, 'hit-unconfirmed');
    const refused = await failureOf(mark());
    expect(refused).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/25006.*read-only/),
    });
    await server.sql('ALTER ROLE seen RESET ALL');
    await until('a writable connection', async () => (await failureOf(mark())) === undefined);
  });

  test('a login, with a reason that is not the password', async () => {
    const url = (user: string, password: string, database: string) =>
      `postgres://${user}:${password}@127.0.0.1:${server.port}/${database}`;
    const limited = `CREATE ROLE limited LOGIN PASSWORD 'p%ss wörd' CONNECTION LIMIT 1`;
    await server.sql(limited);
    const cases = [
      [url('seen', 'wrong%40', 'seen'), '28P01'],
      [url('nobody', 'wrong%40', 'seen'), '28P01'],
      [url('seen', 'seen', 'nowhere'), '3D000'],
      [`postgres://seen@127.0.0.1:${server.port}/seen`, 'asks for a password'],
    ] as const;
    for (const [from, words] of cases) {
      using database = open(from, { urlIn: 'the URL' });
      const error = await failureOf(pid(database));
      expect(String(error)).toContain('the URL');
      expect(String(error)).not.toContain('wrong');
      expect(error).toMatchObject({
        code: 'store-unavailable',
        message: expect.stringContaining(words),
      });
    }
    const who = async (database: ReturnType<typeof open>) =>
      await database.ask(
        'reads',
        async (client) => (await client.query<{ user: string }>('SELECT user')).rows[0]?.user,
        'store-unavailable',
      );
    const escaped = url('limited', 'p%25ss%20w%C3%B6rd', 'seen');
    using first = open(escaped);
    expect(await who(first)).toBe('limited');
    using second = open(escaped);
    expect(await failureOf(who(second))).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/53300.*max_connections/),
    });
  });
});
