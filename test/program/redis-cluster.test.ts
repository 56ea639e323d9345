/**
 * The program on a Redis Cluster of three primaries with a replica each: slots move, a primary is
 * replaced, and a primary is lost, while visits come in. `seen verify` and plain clients judge.
 */
import { expect, test } from 'bun:test';
import { CLUSTER_SHARDS } from '../../src/stores/redis/cluster-slots.ts';
import { until } from '../support/folder.ts';
import { expectNoVisitFailed, underLoad } from '../support/judge.ts';
import { findings, loadEach } from '../support/load.ts';
import { Program } from '../support/program.ts';
import { RedisClusterServers } from '../support/redis-cluster.ts';
import type { RedisServer } from '../support/redis-server.ts';

/** A cluster and the program on it. */
async function start(replicas: number) {
  const stack = new AsyncDisposableStack();
  const cluster = stack.use(await RedisClusterServers.start(3, { replicas }));
  const env = { SEEN_STORE_URL: cluster.url, SEEN_REPLICAS: '2', SEEN_WAIT_MS: '20000' };
  const program = stack.use(await Program.start(env));
  return { cluster, program, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The first slots of the first primary, with slot 685 among them. */
const SLOTS_WITH_FIRST_SHARD = 700;

/** A counter of each shard. */
const COUNTERS = CLUSTER_SHARDS.map((_, shard) => counterIn(shard, 'shards'));

function counterIn(shard: number, namespace: string): string {
  for (let n = 0; ; n++) {
    const name = `${namespace}/page-${n}`;
    if (shardOf(name) === shard) return name;
  }
}

function shardOf(name: string): number {
  return Bun.hash.crc32(name) % CLUSTER_SHARDS.length;
}

/** The primary that has a counter. */
const primaryOf = (cluster: RedisClusterServers, counter: string) =>
  cluster.primaryOf(CLUSTER_SHARDS[shardOf(counter)]?.slot ?? 0);

/** Has visitors on a counter of each shard during `action`, and returns what is wrong. */
async function duringVisits(program: Program, action: () => Promise<unknown>) {
  let going = true;
  const paths = COUNTERS.map((name) => `/hit/${name}`);
  const before = await Promise.all(paths.map((path) => program.visit(path)));
  const visits = loadEach(
    { url: program.url, clients: 24, keepAlive: true, more: () => going, pauseMs: 20 },
    paths,
  );
  await Bun.sleep(500);
  try {
    await action();
  } finally {
    await Bun.sleep(1000);
    going = false;
  }
  const evidence = await visits;
  const after = await Promise.all(COUNTERS.map((name) => program.visit(`/get/${name}`)));
  return COUNTERS.map((name, index) => {
    const { numbers = [], refused = new Map(), failed = new Map() } = evidence[index] ?? {};
    expect(numbers.length).toBeGreaterThan(5);
    return {
      name,
      refused: [...refused],
      failed: [...failed],
      wrong: findings({ numbers, refused, failed }, before[index] ?? 0, after[index] ?? 0),
    };
  });
}

/** Nothing wrong with any of these counters. */
const flawless = (names: readonly string[]) =>
  names.map((name) => ({ name, refused: [], failed: [], wrong: [] }));

test('P1, P2, P4: while a shard moves to another primary, no visit fails, is lost or counts twice', async () => {
  await using both = await start(0);
  const { cluster, program } = both;
  // Counters that fill the shards, so that moving one takes a while.
  await Promise.all(
    Array.from({ length: 500 }, (_, n) => program.visit(`/hit/filling/page-${n}`)),
  );
  const { slot = 0 } = CLUSTER_SHARDS[0] ?? {};
  const from = await cluster.primaryOf(slot);
  const to = cluster.servers.find((server) => server !== from) ?? from;
  const move = async () => {
    await cluster.reshard(from, to, SLOTS_WITH_FIRST_SHARD);
    expect((await cluster.primaryOf(slot)).port).toBe(to.port);
  };
  const judged = await underLoad(
    program.url,
    async () => expect(await duringVisits(program, move)).toEqual(flawless(COUNTERS)),
    counterIn(0, 'judged'),
  );
  expectNoVisitFailed(judged);
  expect(program.lines().filter(({ level }) => level === 'error')).toEqual([]);
}, 120_000);

test('P1, P2, P4: a planned failover of a primary, during visits, fails, loses and double-counts none', async () => {
  await using both = await start(1);
  const { cluster, program } = both;
  const primary = await primaryOf(cluster, COUNTERS[0] ?? '');
  const replica = await cluster.replicaOf(primary);
  const outcome = await duringVisits(program, async () => {
    expect(await replica.cli('CLUSTER', 'FAILOVER')).toBe('OK');
    await until('the replica to take over', () => cluster.isPrimary(replica));
  });
  expect(outcome).toEqual(flawless(COUNTERS));
}, 120_000);

test('when a primary is killed its counters wait for its replica, and all others go on without a failure', async () => {
  await using both = await start(1);
  const { cluster, program } = both;
  const primary = await primaryOf(cluster, COUNTERS[0] ?? '');
  const replica = await cluster.replicaOf(primary);
  const owners = await Promise.all(COUNTERS.map((name) => primaryOf(cluster, name)));
  const others = COUNTERS.filter((_, index) => owners[index] !== primary);
  expect(others).toHaveLength(8);
  const outcome = await duringVisits(program, async () => {
    await primary.kill();
    // The others are read and counted meanwhile, and the service stays ready.
    for (const name of others) expect(await program.visit(`/get/${name}`)).toBeGreaterThan(0);
    expect(await program.ready()).toBe(true);
    await until('the replica to take over', () => cluster.isPrimary(replica));
    for (const name of COUNTERS) await program.visit(`/get/${name}`);
  });
  expect(outcome.filter(({ name }) => others.includes(name))).toEqual(flawless(others));
  // Visits that had not reached the replica may be missing: Redis answers before.
  for (const { refused, failed } of outcome)
    expect({ refused, failed }).toEqual({ refused: [], failed: [] });
}, 120_000);

test('Seen starts while a primary without a replica is away, names it, and counts on the others', async () => {
  await using cluster = await RedisClusterServers.start(3);
  const lost = await primaryOf(cluster, COUNTERS[0] ?? '');
  const owners = await Promise.all(COUNTERS.map((name) => primaryOf(cluster, name)));
  await lost.kill();
  await using program = await Program.start({
    SEEN_STORE_URL: cluster.url,
    SEEN_REPLICAS: '2',
    SEEN_WAIT_MS: '500',
  });
  const place = `${lost.host}:${lost.port}: The counters of this node wait`;
  expect(program.lines().some(({ msg }) => msg.includes(place))).toBe(true);
  for (const [index, name] of COUNTERS.entries()) {
    const { status } = await fetch(new URL(`/hit/${name}`, program.url));
    expect({ name, status }).toEqual({ name, status: owners[index] === lost ? 503 : 200 });
  }
}, 120_000);

test('visits that had not reached the replica of a lost primary are lost, and each replica of Seen logs it', async () => {
  await using both = await start(1);
  const { cluster, program } = both;
  const [counter = ''] = COUNTERS;
  const primary = await primaryOf(cluster, counter);
  const replica = await cluster.replicaOf(primary);
  expect(await program.visit(`/hit/${counter}`)).toBe(1);
  await until('the replica to have it', async () => {
    const [own, copied] = await Promise.all([offsetOf(primary), offsetOf(replica)]);
    return own === copied;
  });
  replica.pause();
  // What is sent on an open connection would wait there for the replica.
  await primary.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  for (let n = 2; n <= 10; n++) expect(await program.visit(`/hit/${counter}`)).toBe(n);
  await primary.kill();
  replica.resume();
  await until('the replica to take over', () => cluster.isPrimary(replica));
  expect(await program.visit(`/hit/${counter}`)).toBeLessThan(11);
  await until('a replica to say so', () =>
    program.lines().some(({ msg }) => msg.includes('replaced by a replica that lacked visits')),
  );
}, 120_000);

/** How far a server has got in the stream of replication. */
async function offsetOf(redis: RedisServer): Promise<string | undefined> {
  return /^(?:slave|master)_repl_offset:(\d+)/m.exec(await redis.cli('INFO', 'replication'))?.[1];
}
