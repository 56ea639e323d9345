/**
 * Stores that run but refuse writes: what readiness, metrics, page and log report, at the start
 * and while Seen runs, with and without visits. On the started program, with real stores.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { Program } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { forEachStore } from '../support/stores/stores.ts';

const REPLICAS = 2;

/**
 * What `program` says of its store: `ready` or why not; then of each replica its figure, and what
 * the API tells.
 */
async function said(program: Program) {
  const [readyz, metrics, stack] = await Promise.all([
    fetch(`${program.operationsUrl}/readyz`).then((response) => response.text()),
    fetch(`${program.operationsUrl}/metrics`).then((response) => response.text()),
    fetch(`${program.url}/api/v1/stack`, { keepalive: false }).then((response) => response.json()),
  ]);
  return {
    readyz,
    up: valuesOf(metrics, 'seen_store_up'),
    state: (stack as { store: { state: string } }).store.state,
  };
}

function valuesOf(metrics: string, name: string): number[] {
  return [...metrics.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'gm'))].map(([, value]) =>
    Number(value),
  );
}

/** How full the store is, which is told besides (decision 28). */
const FULL = /^the store (is nearly full|has free space again)/;

/** What replicas have logged: a level and the beginning of a message for each line. */
function logged(program: Program): string[] {
  const lines = program
    .lines()
    .filter(({ replica, msg }) => /-\d$/.test(replica) && !FULL.test(msg));
  return lines.map(({ level, msg }) => `${level} ${msg.slice(0, 23)}`).toSorted();
}

/** One line of each replica. */
const eachOnce = (...lines: string[]) =>
  lines.flatMap((line) => Array.from({ length: REPLICAS }, () => line)).toSorted();
const BEGAN = 'warn visits wait because the';
const ENDED = 'info the store answers again';

interface Cause {
  readonly strike: () => unknown;
  readonly heal: () => unknown;
  readonly words: RegExp;
}

/**
 * Nobody visits: that the store takes no visits is noticed all the same, told alike everywhere,
 * and so is that it does again.
 */
async function noticed(
  program: Program,
  { strike, heal, words }: Cause,
  outages = 1,
): Promise<void> {
  await strike();
  await until('it to be noticed', async () => {
    const { readyz, up, state } = await said(program);
    return words.test(readyz) && !up.includes(1) && up.length === REPLICAS && state === 'away';
  });
  expect((await fetch(`${program.operationsUrl}/healthz`)).status).toBe(200);
  await heal();
  await until('it to be well again', async () => {
    const { readyz, up, state } = await said(program);
    return readyz === 'ready\n' && up.join() === '1,1' && state === 'up';
  });
  const ends = outages * REPLICAS;
  await until(
    'both to say so',
    () => logged(program).filter((line) => line === ENDED).length === ends,
  );
  expect(logged(program)).toEqual(
    eachOnce(...Array.from({ length: outages }, () => [BEGAN, ENDED]).flat()),
  );
}

/** What makes a Redis refuse, and what mends it. */
function causes(redis: RedisServer): readonly Cause[] {
  const set = (name: string, value: string) => () => redis.cli('CONFIG', 'SET', name, value);
  return [
    {
      strike: set('maxmemory', '1'),
      heal: set('maxmemory', '0'),
      words: /OOM .*Raise maxmemory/,
    },
    {
      strike: () => redis.cli('REPLICAOF', '127.0.0.1', '1'),
      heal: () => redis.cli('REPLICAOF', 'NO', 'ONE'),
      words: /READONLY .*primary/,
    },
    {
      strike: () => redis.cli('ACL', 'SETUSER', 'default', '-set'),
      heal: () => redis.cli('ACL', 'SETUSER', 'default', '+set'),
      words: /refuses Seen: .*what the user may do/,
    },
    {
      strike: set('min-replicas-to-write', '1'),
      heal: set('min-replicas-to-write', '0'),
      words: /NOREPLICAS .*min-replicas-to-write/,
    },
  ];
}

/**
 * A program on a disk of 2 MB in memory, mounted for it alone: that needs no rights where user
 * namespaces are allowed.
 */
async function onSmallDisk(folder: string, env: Record<string, string>): Promise<Program> {
  const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
  const inside = ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, folder];
  return Program.prepare({ SEEN_STORE_URL: `sqlite:${folder}/seen.db`, ...env }, inside);
}

describe('a store that refuses writes, while nobody visits', () => {
  test('a Redis that is full, read-only, or without rights or replicas: not ready, and ready again without a visit', async () => {
    await using redis = await RedisServer.start();
    await using program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: `${REPLICAS}`,
    });
    expect(await program.visit()).toBe(1);
    let outages = 0;
    for (const cause of causes(redis)) await noticed(program, cause, ++outages);
    expect(await program.visit()).toBe(2);
  });

  test('a SQLite file that another process locks: not ready, and ready again without a visit', async () => {
    await using program = await Program.start({
      SEEN_REPLICAS: `${REPLICAS}`,
      SEEN_STORE_TIMEOUT_MS: '300',
    });
    expect(await program.visit()).toBe(1);
    const other = new Database(program.database);
    await noticed(program, {
      strike: () => other.run('PRAGMA busy_timeout = 20000; BEGIN IMMEDIATE'),
      heal: () => other.run('ROLLBACK'),
      words: /locked by another process\. End it/,
    });
    other.close();
    expect(await program.visit()).toBe(2);
  });

  test('a SQLite file on a full disk: not ready, and ready again without a visit', async () => {
    using folder = temporaryFolder();
    await using program = await onSmallDisk(folder.path, { SEEN_REPLICAS: `${REPLICAS}` });
    await program.start();
    expect(await program.visit()).toBe(1);
    const filler = `/proc/${program.process.pid}/root${folder.path}/filler`;
    await noticed(program, {
      strike: () => Bun.$`dd if=/dev/zero of=${filler} bs=4k`.quiet().nothrow(),
      heal: () => rmSync(filler),
      words: /no room left on its disk.*Make room/,
    });
    expect(await program.visit()).toBe(2);
  });
});

describe('a store that refuses writes, at the start', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  const env = () => ({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '1' });

  /** Starts the program, which is expected to end by itself. */
  async function endOf(program: Program) {
    program.spawn();
    const status = await program.process.exited;
    await Bun.sleep(20);
    return { status, said: program.err };
  }

  test('a Redis that is full, read-only, or without rights or replicas: exit 69, with the reason', async () => {
    for (const { strike, heal, words } of causes(redis)) {
      await strike();
      await using program = await Program.prepare({ ...env(), SEEN_START_MS: '300' });
      expect(await endOf(program)).toEqual({ status: 69, said: expect.stringMatching(words) });
      await heal();
    }
  });

  test('a start waits for a Redis that refuses writes at first', async () => {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    await using program = await Program.prepare(env());
    program.spawn();
    await until('it to say that it waits', () => /OOM .*Trying again for 30 s/.test(program.out));
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    await until('it to be ready', () => program.ready());
    expect(await program.visit()).toBe(1);
  });

  test('a start waits for a Redis of which only the answer about its settings is lost at first', async () => {
    await using proxy = await Proxy.start(redis.port);
    proxy.fault = { loseAnswer: (bytes) => bytes.includes('appendfsync') && proxy.cuts === 0 };
    await using program = await Program.prepare({ ...env(), SEEN_STORE_URL: proxy.url });
    await program.start();
    expect({ cuts: proxy.cuts, out: program.out }).toEqual({
      cuts: 1,
      out: expect.stringContaining('Trying again for 30 s'),
    });
  });

  test('a start waits for a PostgreSQL that has only one connection left at first', async () => {
    await using server = await PostgresServer.start();
    await server.sql('ALTER ROLE seen CONNECTION LIMIT 1');
    await using program = await Program.prepare({ ...env(), SEEN_STORE_URL: server.url });
    program.spawn();
    await until('it to say that it waits', () =>
      /too many connections.* Trying again for 30 s/.test(program.out),
    );
    await server.sql('ALTER ROLE seen CONNECTION LIMIT -1');
    await until('it to be ready', () => program.ready());
    expect(await program.visit()).toBe(1);
  });

  test('a node of a Redis Cluster by the name of a single Redis: exit 78 at once', async () => {
    await using cluster = await RedisServer.start({
      ...SAFE,
      'cluster-enabled': 'yes',
      // Without it the one 10,000 above, which a connection may have.
      'cluster-port': `${await freePort()}`,
    });
    await cluster.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until('the cluster to be up', async () =>
      (await cluster.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
    await using program = await Program.prepare({ SEEN_STORE_URL: cluster.url });
    expect(await endOf(program)).toEqual({
      status: 78,
      said: expect.stringContaining('This Redis is a node of a Redis Cluster'),
    });
  });

  test('a SQLite file on a full disk: exit 69, with the reason', async () => {
    using folder = temporaryFolder();
    const small = await onSmallDisk(folder.path, { SEEN_START_MS: '300', SEEN_REPLICAS: '1' });
    await using program = small;
    await program.start();
    await program.stop();
    const full =
      'mount -t tmpfs -o size=2m tmpfs "$0" && (dd if=/dev/zero of="$0/filler" bs=4k; exec "$@")';
    const inside = ['unshare', '--map-root-user', '--mount', 'sh', '-c', full, folder.path];
    await using other = await Program.prepare(
      { SEEN_STORE_URL: `sqlite:${folder.path}/seen.db`, SEEN_START_MS: '300' },
      inside,
    );
    expect(await endOf(other)).toEqual({
      status: 69,
      said: expect.stringContaining('no room left'),
    });
  });

  test('a start waits for a locked SQLite file', async () => {
    await using program = await Program.start({ SEEN_REPLICAS: '1' });
    await program.stop();
    const other = new Database(program.database);
    other.run('BEGIN IMMEDIATE');
    program.spawn();
    await until('it to say that it waits', () =>
      /locked by another process.*Trying again/s.test(program.out),
    );
    other.run('ROLLBACK');
    other.close();
    await until('it to be ready', () => program.ready());
    expect(await program.visit()).toBe(1);
  });
});

describe('a store that lost counts', () => {
  const LOST = /was emptied.* set back to an older copy.*answered visits may be missing/;
  const lost = (program: Program) => program.lines().filter(({ msg }) => LOST.test(msg));
  const counted = async (program: Program) =>
    valuesOf(
      await (await fetch(`${program.operationsUrl}/metrics`)).text(),
      'seen_store_set_back_total',
    ).join();

  forEachStore((newDatabase) => {
    test('each replica reports once that the store was emptied, also when nobody visits', async () => {
      await using database = await newDatabase();
      const env = { SEEN_STORE_URL: database.url, SEEN_REPLICAS: `${REPLICAS}` };
      await using program = await Program.start(env);
      for (let n = 1; n <= 10; n++) expect(await program.visit()).toBe(n);
      await until('both to have written', async () => {
        const { up } = await said(program);
        return up.join() === '1,1' && (await counted(program)) === '0,0';
      });
      // Each has probed by then.
      await Bun.sleep(2500);
      await database.empty();
      await until('both to say so', () => lost(program).length === REPLICAS);
      expect(await counted(program)).toBe('1,1');
      for (let n = 1; n <= 10; n++) expect(await program.visit()).toBe(n);
      await Bun.sleep(2500);
      expect(
        lost(program)
          .map(({ level, replica }) => `${level} ${replica}`)
          .toSorted(),
      ).toEqual(['error test-1', 'error test-2']);
      expect(logged(program)).toHaveLength(REPLICAS);
    });
  });

  test('a Redis that returns without its data while visits wait is reported, too', async () => {
    // Without a file it begins anew each time.
    await using redis = await RedisServer.start({});
    await using program = await Program.start({
      SEEN_STORE_URL: redis.url,
      SEEN_REPLICAS: '1',
      SEEN_WAIT_MS: '300',
    });
    expect(await program.visit()).toBe(1);
    redis.pause();
    // Its batch is on its way, and nobody learns what becomes of it.
    expect((await fetch(program.url)).status).toBe(503);
    await Bun.sleep(2500);
    await redis.kill();
    await redis.start();
    await until('it to be told', () => lost(program).length === 1);
    expect(await program.visit()).toBe(1);
  });
});
