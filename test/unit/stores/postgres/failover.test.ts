/** Several servers: which one is used, and how the next one is found. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Purpose } from '../../../../src/stores/postgres/connection.ts';
import { freePort, until } from '../../../support/folder.ts';
import { PostgresServer } from '../../../support/postgres-server.ts';
import { failureOf, makeFunctions, marksOf, open } from './database.ts';

/** Takes connections and never says anything. */
async function startSilent(): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, server };
}

const urlOf = (...hosts: readonly (number | string)[]) =>
  `postgres://seen:seen@${hosts.map((host) => (typeof host === 'number' ? `127.0.0.1:${host}` : host)).join(',')}/seen`;

/** The port of the server that answers. */
const portOf = (database: ReturnType<typeof open>, purpose: Purpose) =>
  database.call<string>(purpose, 'setting', 'port', 'store-unavailable').then(Number);

describe('of several PostgreSQLs', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await makeFunctions(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('silent, closed and unknown ones are skipped within one deadline', async () => {
    const { port: silent, server: listener } = await startSilent();
    const closed = await freePort();
    // Reserved for addresses that lead nowhere: https://www.rfc-editor.org/rfc/rfc5737
    const dead = '192.0.2.1:5432';
    const url = urlOf(silent, closed, 'nowhere.invalid', dead, server.port);
    using database = open(url, { timeoutMs: 4000 });
    expect(await portOf(database, 'commits')).toBe(server.port);
    // The others begin with the one that worked, and so have no need of the long deadline.
    using impatient = open(urlOf(silent, server.port), { timeoutMs: 2000 });
    expect(await portOf(impatient, 'commits')).toBe(server.port);
    const asked = (['changes', 'limits', 'reads'] as const).map((one) => portOf(impatient, one));
    expect(await Promise.all(asked)).toEqual(Array(3).fill(server.port));
    listener.close();
  });

  test('the error names each that does not answer, and the reason', async () => {
    const { port: silent, server: listener } = await startSilent();
    const closed = await freePort();
    using database = open(urlOf(silent, closed, 'nowhere.invalid'), { timeoutMs: 1000 });
    const error = await failureOf(portOf(database, 'reads'));
    const reasons = [
      `PostgreSQL at postgres://127.0.0.1:${silent}/seen cannot be reached: no answer for`,
      `PostgreSQL at postgres://127.0.0.1:${closed}/seen cannot be reached: connect ECONNREFUSED`,
      'PostgreSQL at postgres://nowhere.invalid:5432/seen cannot be reached: ',
    ];
    for (const reason of reasons) expect(String(error)).toContain(reason);
    expect(error).toMatchObject({ code: 'store-unavailable' });
    listener.close();
  });

  test('a name with several addresses is tried at each', async () => {
    // It listens on 127.0.0.1 only, and the name has ::1 as well on most machines.
    using database = open(urlOf(`localhost:${server.port}`));
    expect(await portOf(database, 'reads')).toBe(server.port);
  });

  test('one that accepts commits and never ends them is replaced by the next', async () => {
    // As an old primary does that is cut off from its standbys and from Patroni.
    await using isolated = await PostgresServer.start();
    await makeFunctions(isolated);
    await isolated.setSynchronousStandby('nobody');
    using database = open(urlOf(isolated.port, server.port), { timeoutMs: 1500 });
    expect(await portOf(database, 'reads')).toBe(isolated.port);
    const mark = randomUUID();
    const commit = () => database.call('commits', 'mark', { mark }, 'hit-unconfirmed');
    expect(await failureOf(commit())).toMatchObject({ code: 'hit-unconfirmed' });
    expect(await failureOf(commit())).toBeUndefined();
    expect(await marksOf(server, mark)).toBe(1);
    // The others follow, though nothing is wrong with their connections.
    for (const purpose of ['reads', 'changes', 'commits'] as const) {
      expect(await portOf(database, purpose)).toBe(server.port);
    }
  });

  test('a standby is not used until it is promoted, and then without a restart', async () => {
    await using primary = await PostgresServer.start();
    await makeFunctions(primary);
    await using standby = await PostgresServer.startStandby(primary);
    using alone = open(urlOf(standby.port));
    const refused = await failureOf(portOf(alone, 'reads'));
    expect(refused).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('is a standby, which takes no visits. Seen follows'),
    });
    using database = open(urlOf(standby.port, primary.port), { timeoutMs: 2000 });
    const mark = randomUUID();
    const commit = () => database.call('commits', 'mark', { mark }, 'hit-unconfirmed');
    expect(await failureOf(commit())).toBeUndefined();
    expect(await portOf(database, 'reads')).toBe(primary.port);
    primary.pause();
    expect(await failureOf(commit())).toMatchObject({ code: 'hit-unconfirmed' });
    await standby.promote();
    await until('the new primary', async () => (await failureOf(commit())) === undefined);
    expect(await portOf(database, 'reads')).toBe(standby.port);
    expect(await portOf(alone, 'reads')).toBe(standby.port);
    // The first one was confirmed by the standby, so it is there.
    expect(await marksOf(standby, mark)).toBeGreaterThanOrEqual(2);
  });
});
