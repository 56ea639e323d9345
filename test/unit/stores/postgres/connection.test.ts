/** Connections to a real PostgreSQL: their settings, and how they fail. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { Client } from 'pg';
import { AppError } from '../../../../src/counter/errors.ts';
import { until } from '../../../support/folder.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { Proxy } from '../../../support/proxy.ts';
import { failureOf, makeFunctions, marksOf, open } from './database.ts';

describe('a connection to PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await makeFunctions(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Waits until the server has as many connections of Seen as are expected in this state. */
  const untilSeen = (count: number, where = 'true') =>
    until(`${count} connections`, async () => {
      const seen = `SELECT count(*) FROM pg_stat_activity WHERE usename = 'seen' AND ${where}`;
      return Number(await server.sql(seen)) === count;
    });

  test('takes and returns JSON, and each purpose has one of its own, which it keeps', async () => {
    using database = open(server.url);
    expect(database.place).toBe(`postgres://127.0.0.1:${server.port}/seen`);
    const args = { mark: 'a "quoted" \\ 数', list: [1, null, true], most: 2 ** 53 - 1 };
    expect(await database.call<unknown>('commits', 'mark', args, 'hit-unconfirmed')).toEqual(args);
    const purposes = ['commits', 'changes', 'limits', 'reads'] as const;
    const pids = () =>
      Promise.all(
        purposes.map((purpose) => database.call(purpose, 'pid', 0, 'store-unavailable')),
      );
    const first = await pids();
    expect(new Set(first).size).toBe(4);
    expect(await pids()).toEqual(first);
    await untilSeen(4, `application_name = 'seen'`);
    database.close();
    await untilSeen(0);
  });

  test('turns off the server’s timeouts, fixes plans, and does not change synchronous_commit', async () => {
    await server.sql(`
      ALTER ROLE seen SET statement_timeout = '100ms';
      ALTER ROLE seen SET lock_timeout = '100ms';
      ALTER ROLE seen SET idle_session_timeout = '100ms';
      ALTER ROLE seen SET default_transaction_isolation = 'serializable';
      ALTER ROLE seen SET search_path = 'nowhere';
      ALTER ROLE seen SET client_min_messages = 'error';
      ALTER ROLE seen SET synchronous_commit = 'remote_apply'`);
    using database = open(server.url);
    const setting = (name: string) => database.call('reads', 'setting', name, 'store-unavailable');
    const slept = await database.call<unknown>('reads', 'sleep', 0.3, 'store-unavailable');
    expect(slept).toBe('slept');
    expect({
      timeouts: [
        await setting('statement_timeout'),
        await setting('lock_timeout'),
        await setting('idle_session_timeout'),
        await setting('idle_in_transaction_session_timeout'),
      ],
      isolation: await setting('transaction_isolation'),
      encoding: await setting('client_encoding'),
      messages: await setting('client_min_messages'),
      check: await setting('client_connection_check_interval'),
      plans: [
        await setting('plan_cache_mode'),
        await setting('enable_seqscan'),
        await setting('enable_bitmapscan'),
        await setting('enable_hashjoin'),
        await setting('enable_mergejoin'),
        await setting('jit'),
      ],
      commit: await setting('synchronous_commit'),
    }).toEqual({
      timeouts: ['0', '0', '0', '0'],
      isolation: 'read committed',
      encoding: 'UTF8',
      messages: 'warning',
      check: '1s',
      plans: ['force_generic_plan', 'off', 'off', 'off', 'off', 'off'],
      commit: 'remote_apply',
    });
    await server.sql('ALTER ROLE seen RESET ALL');
  });

  test('is prepared once before its first use, and so is each later connection', async () => {
    let prepared = 0;
    using database = open(server.url, {
      prepare: async (session, endsAt) => {
        const marks = (client: Client) => client.query('SELECT seen.marks(NULL)');
        await session.ask(marks, 'store-unavailable', endsAt - performance.now());
        prepared++;
      },
    });
    const pid = () => database.call<number>('reads', 'pid', 0, 'store-unavailable');
    const [first] = await Promise.all([pid(), pid(), pid()]);
    expect(prepared).toBe(1);
    await server.sql(`SELECT pg_terminate_backend(${first})`);
    await until('another connection', async () => (await pid()) !== first);
    expect(prepared).toBe(2);
  });

  test('is not used when its preparation fails, and the call fails with that error', async () => {
    let fails = true;
    using database = open(server.url, {
      prepare: async () => {
        if (fails) throw new AppError('store-unusable', 'too new');
      },
    });
    const asked = () => database.call('reads', 'pid', 0, 'store-unavailable');
    await expect(asked()).rejects.toMatchObject({ code: 'store-unusable', message: 'too new' });
    fails = false;
    expect(await asked()).toBeNumber();
    using refused = open(server.url, {
      prepare: async (session) => {
        const nothing = (client: Client) => client.query('SELECT * FROM seen.nothing');
        await session.ask(nothing, 'store-unavailable', 20_000);
      },
    });
    await expect(refused.call('reads', 'pid', 0, 'store-unavailable')).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('Tables or functions of Seen are missing'),
    });
  });

  test('does not mix the statements of one question with those of another', async () => {
    using database = open(server.url);
    const mark = randomUUID();
    const rolledBack = database.ask(
      'changes',
      async (client) => {
        await client.query('BEGIN');
        await Bun.sleep(50);
        await client.query(`INSERT INTO seen.marks VALUES ('${mark}')`);
        await client.query('ROLLBACK');
      },
      'hit-unconfirmed',
    );
    await database.call('changes', 'mark', { mark }, 'hit-unconfirmed');
    await rolledBack;
    expect(await marksOf(server, mark)).toBe(1);
  });

  test('that is lost before or after a statement makes its outcome unknown', async () => {
    await using proxy = await Proxy.start(server.port);
    using database = open(server.url.replace(`:${server.port}`, `:${proxy.port}`));
    for (const code of ['hit-unconfirmed', 'store-unavailable'] as const) {
      for (const [lost, marks] of [
        ['loseRequest', 0],
        ['loseAnswer', 1],
      ] as const) {
        const mark = randomUUID();
        await database.call('commits', 'pid', 0, code);
        proxy.fault = { [lost]: () => true };
        await expect(database.call('commits', 'mark', { mark }, code)).rejects.toMatchObject({
          code,
          message: expect.stringContaining('was lost'),
        });
        proxy.fault = {};
        await until('the statement to end', async () => (await marksOf(server, mark)) === marks);
        expect(await database.call<unknown>('commits', 'mark', { mark }, code)).toEqual({ mark });
        expect(await marksOf(server, mark)).toBe(marks + 1);
      }
    }
  });

  test('that is silent is closed at the deadline, and waiting questions were not sent', async () => {
    await using proxy = await Proxy.start(server.port);
    const url = server.url.replace(`:${server.port}`, `:${proxy.port}`);
    using database = open(url, { timeoutMs: 1000 });
    const mark = randomUUID();
    await database.call('commits', 'pid', 0, 'store-unavailable');
    proxy.fault = { swallow: 'answers' };
    const first = database.call('commits', 'pid', 0, 'hit-unconfirmed');
    const behind = database.call('commits', 'mark', { mark }, 'hit-unconfirmed');
    const other = database.call('reads', 'pid', 0, 'hit-unconfirmed');
    const silent = /no answer for \d+ ms/;
    const [one, two, three] = await Promise.allSettled([first, behind, other]);
    const rejected = (code: string) => ({
      status: 'rejected',
      reason: expect.objectContaining({ code, message: expect.stringMatching(silent) }),
    });
    expect(one).toEqual(rejected('hit-unconfirmed') as never);
    expect(two).toEqual(rejected('store-unavailable') as never);
    // It had not even a connection.
    expect(three).toEqual(rejected('store-unavailable') as never);
    proxy.fault = {};
    expect(await database.call('commits', 'pid', 0, 'hit-unconfirmed')).toBeNumber();
    expect(await marksOf(server, mark)).toBe(0);
  });

  test('that is only busy is kept: what waits too long behind other questions fails alone', async () => {
    using database = open(server.url, { timeoutMs: 3000 });
    const pid = () => database.call<number>('changes', 'pid', 0, 'hit-unconfirmed');
    const first = await pid();
    const mark = randomUUID();
    const asked = [
      database.call<unknown>('changes', 'sleep', 2, 'hit-unconfirmed'),
      database.call<unknown>('changes', 'sleep', 2, 'hit-unconfirmed'),
      database.call<unknown>('changes', 'mark', { mark }, 'hit-unconfirmed'),
    ].map(failureOf);
    const slow = { message: expect.stringMatching(/is slow: no answer for \d+ ms/) };
    expect(await Promise.all(asked)).toMatchObject([
      undefined,
      { code: 'hit-unconfirmed', ...slow },
      { code: 'store-unavailable', ...slow },
    ] as never);
    expect(await pid()).toBe(first);
    // What was given up before it was sent is not sent any more.
    expect(await marksOf(server, mark)).toBe(0);
  });

  test('that is given up while it waits for a lock does not write later', async () => {
    using database = open(server.url, { timeoutMs: 500 });
    using holder = open(server.url);
    const mark = randomUUID();
    const waiting = `query LIKE '%seen.mark(%' AND state = 'active'`;
    await holder.ask(
      'changes',
      async (client) => {
        await client.query('BEGIN; LOCK TABLE seen.marks');
        const lost = database.call('commits', 'mark', { mark }, 'hit-unconfirmed');
        await expect(lost).rejects.toMatchObject({ code: 'hit-unconfirmed' });
        await untilSeen(0, waiting);
        await client.query('COMMIT');
      },
      'store-unavailable',
    );
    expect(await marksOf(server, mark)).toBe(0);
  });

  test('that an administrator ends leaves a call unconfirmed, and is replaced when idle', async () => {
    using database = open(server.url);
    const pid = () => database.call<number>('commits', 'pid', 0, 'hit-unconfirmed');
    const first = await pid();
    const slow = failureOf(database.call('commits', 'sleep', 20, 'hit-unconfirmed'));
    await untilSeen(1, `query LIKE '%seen.sleep%' AND state = 'active'`);
    await server.sql(`SELECT pg_terminate_backend(${first})`);
    expect(await slow).toMatchObject({
      code: 'hit-unconfirmed',
      message: expect.stringContaining('57P01'),
    });
    const second = await pid();
    expect(second).not.toBe(first);
    await server.sql(`SELECT pg_terminate_backend(${second})`);
    await untilSeen(0);
    // The end of an idle connection is noticed before a call, not by one.
    await until('the end to be noticed', async () => (await pid()) !== second);
  });

  test('that is closed fails calls in progress and later ones', async () => {
    using database = open(server.url);
    await database.call('commits', 'pid', 0, 'hit-unconfirmed');
    const slow = failureOf(database.call('commits', 'sleep', 20, 'hit-unconfirmed'));
    await untilSeen(1, `query LIKE '%seen.sleep%' AND state = 'active'`);
    const opening = failureOf(database.call('reads', 'pid', 0, 'hit-unconfirmed'));
    database.close();
    expect(await slow).toMatchObject({ code: 'hit-unconfirmed' });
    expect(await opening).toMatchObject({ code: 'store-unavailable' });
    await expect(database.call('reads', 'pid', 0, 'store-unavailable')).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('is closed'),
    });
    await untilSeen(0);
  });

  test.each(['SSH-2.0-OpenSSH_9.2\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'J\0\0\0\n8.0.36\0'])(
    'to something else, which says %p, is refused at once',
    async (banner) => {
      const other = createServer((socket) => socket.on('error', () => undefined).write(banner));
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      const port = typeof address === 'object' ? address?.port : 0;
      for (const mode of ['disable', 'prefer', 'require']) {
        using database = open(`postgres://seen:seen@127.0.0.1:${port}/seen?sslmode=${mode}`);
        const refused = database.call('reads', 'pid', 0, 'store-unavailable');
        await expect(refused).rejects.toMatchObject({
          code: 'store-unusable',
          message: expect.stringContaining('is not PostgreSQL. Check SEEN_STORE_URL'),
        });
      }
      other.close();
    },
  );
});
