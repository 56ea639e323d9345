/**
 * The minimal program that the bench compares Seen with: it answers as Seen does, and keeps its
 * promise with several processes and a database that is killed.
 */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { FLOOR } from '../../../bench/floor.ts';
import { SEEN } from '../../../bench/seen.ts';
import { NO_SERVER, startService } from '../../../bench/services.ts';
import { STORE_NAMES } from '../../../bench/stores.ts';
import { exactly, findings, load } from '../../support/load.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { numberIn, ROOT } from '../../support/program.ts';
import { RedisServer } from '../../support/redis-server.ts';

const VISITS = 3000;
/** The database is killed after so many visits, again and again. */
const KILL_EACH = 1000;
const FLOOR_FILE = join(ROOT, 'bench/peers/floor.ts');

const startOn = (storeUrl: string) =>
  startService(NO_SERVER, (port) => ({
    command: [
      process.execPath,
      FLOOR_FILE,
      '--store',
      storeUrl,
      '--port',
      `${port}`,
      '--processes',
      '3',
    ],
  }));

const totalOf = async (url: string) => numberIn(await (await fetch(url)).text());

for (const store of STORE_NAMES) {
  test(`on ${store}, three processes give each visit a number of its own`, async () => {
    await using floor = await FLOOR[store][3].start();
    const before = await totalOf(floor.url);
    const visits = { url: floor.url, clients: 32, keepAlive: true, more: exactly(VISITS) };
    const { numbers, failed, refused } = await load(visits);
    expect([numbers.length, failed.size, refused.size]).toEqual([VISITS, 0, 0]);
    const all = Array.from({ length: VISITS }, (_, index) => before + 1 + index);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(all);
  });
}

for (const [store, Server] of [
  ['Redis', RedisServer],
  ['PostgreSQL', PostgresServer],
] as const) {
  test(`when ${store} is killed, each visit waits until it is back, and counts once`, async () => {
    await using server = await Server.start();
    await using floor = await startOn(server.url);
    const before = await totalOf(floor.url);
    let killed: Promise<void> | undefined;
    const kill = async () => {
      await server.kill();
      await server.start();
    };
    let visited = 0;
    const more = () => {
      if (++visited % KILL_EACH === 0) killed = kill();
      return visited <= VISITS;
    };
    const evidence = await load({ url: floor.url, clients: 32, keepAlive: true, more });
    await killed;
    expect(evidence.numbers).toHaveLength(VISITS);
    expect(findings(evidence, before, (await totalOf(floor.url)) - 1)).toEqual([]);
  });
}

test('its answer has the headers of Seen', async () => {
  await using floor = await FLOOR.SQLite[1].start();
  await using seen = await SEEN.SQLite.replicas[1].start();
  const headersOf = async (url: string) => {
    const { headers } = await fetch(url);
    for (const varied of ['Date', 'X-Served-By', 'Content-Length']) {
      expect(headers.has(varied)).toBe(true);
      headers.delete(varied);
    }
    return [...headers];
  };
  expect(await headersOf(floor.url)).toEqual(await headersOf(seen.url));
});
