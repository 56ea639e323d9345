/**
 * A Redis failover: two servers behind one name, a primary and its replica. The program looks up
 * the name in its own hosts file, which points to one or the other.
 */
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { findings, load } from '../support/load.ts';
import { Program } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';

/** The pair, the program on its name, and what has the name lead elsewhere. */
async function pair() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const port = await freePort();
  const server = async (host: string) =>
    stack.use(await RedisServer.start({ ...SAFE, 'replica-announce-ip': host }, { host, port }));
  const [first, second] = [await server('127.0.0.2'), await server('127.0.0.3')];
  await second.cli('REPLICAOF', first.host, `${port}`);
  await until('the replica to be linked', async () =>
    (await second.cli('INFO', 'replication')).includes('master_link_status:up'),
  );
  const hosts = join(folder.path, 'hosts');
  const lead = ({ host }: RedisServer) => writeFileSync(hosts, `${host} redis.test\n`);
  lead(first);
  const inside = [
    'unshare',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    'mount --bind "$0" /etc/hosts && exec "$@"',
  ];
  const env = {
    SEEN_STORE_URL: `redis://redis.test:${port}`,
    SEEN_REPLICAS: '2',
    SEEN_WAIT_MS: '20000',
  };
  const program = stack.use(await Program.prepare(env, [...inside, hosts]));
  await program.start();
  return { first, second, lead, program, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const isPrimary = async (redis: RedisServer) =>
  (await redis.cli('INFO', 'replication')).includes('role:master');

test('P1, P2, P4: a planned failover and back, during visits, fails, loses and double-counts none', async () => {
  await using both = await pair();
  const { first, second, lead, program } = both;
  let going = true;
  const more = () => going;
  const visits = load({ url: program.url, clients: 16, keepAlive: true, more, pauseMs: 20 });
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    await Bun.sleep(1000);
    expect(await from.cli('FAILOVER', 'TO', to.host, `${to.port}`)).toBe('OK');
    await until('the other to be the primary', () => isPrimary(to));
    await Bun.sleep(1000);
    // The old one still answers, and refuses: the way to the new one is its name.
    lead(to);
    await until('visits to be counted there', async () => {
      const before = await to.cli('GET', 'hits');
      await Bun.sleep(100);
      return before !== (await to.cli('GET', 'hits'));
    });
  }
  going = false;
  const evidence = await visits;
  expect({ refused: [...evidence.refused], failed: [...evidence.failed] }).toEqual({
    refused: [],
    failed: [],
  });
  expect(evidence.numbers.length).toBeGreaterThan(100);
  expect(findings(evidence, 0, (await program.visit()) - 1)).toEqual([]);
  expect(program.lines().filter(({ level }) => level === 'error')).toEqual([]);
});

test('a failover is also followed while nobody visits', async () => {
  await using both = await pair();
  const { first, second, lead, program } = both;
  expect(await program.visit()).toBe(1);
  expect(await first.cli('FAILOVER', 'TO', second.host, `${second.port}`)).toBe('OK');
  await until('it to be noticed', async () => !(await program.ready()));
  lead(second);
  await until('it to be ready', () => program.ready());
  expect(await program.visit()).toBe(2);
});

test('after a failover to a Redis that lacks visits, numbers repeat, and each replica logs it once', async () => {
  await using both = await pair();
  const { first, second, lead, program } = both;
  expect(await program.visit()).toBe(1);
  await until('the replica to have it', async () => (await second.cli('GET', 'hits')) === '1');
  // It hears no more of the primary, as when the way between them is cut.
  await second.cli('REPLICAOF', 'NO', 'ONE');
  for (let n = 2; n <= 10; n++) expect(await program.visit()).toBe(n);
  // Each replica has stored something by then.
  await Bun.sleep(2500);
  await first.kill();
  lead(second);
  const lost = () =>
    program.lines().filter(({ msg }) => msg.includes('replaced by a replica that lacked visits'));
  await until('both to say so', () => lost().length === 2);
  expect(await program.visit()).toBe(2);
  await Bun.sleep(2500);
  expect(
    lost()
      .map(({ replica }) => replica)
      .toSorted(),
  ).toEqual(['test-1', 'test-2']);
});
