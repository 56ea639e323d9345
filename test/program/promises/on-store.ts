/**
 * The promises of the product, each on the program that users start, with real stores and real
 * faults.
 *
 * A test's name begins with the promise it holds. Not here: what only the stack or `seen verify`
 * can show.
 */

import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { version } from '../../package.json' with { type: 'json' };
import { temporaryFolder, until } from '../support/folder.ts';
import { type Evidence, exactly, findings, load, loadEach } from '../support/load.ts';
import { numberIn, Program, ROOT } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer } from '../support/redis-server.ts';

const cleanups: AsyncDisposable[] = [];

afterEach(async () => {
  for (const thing of cleanups.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
});

function mine<T extends AsyncDisposable>(thing: T): T {
  cleanups.push(thing);
  return thing;
}

/** The program on Redis, with a proxy between them. */
async function onRedis(env: Record<string, string> = {}) {
  const redis = mine(await RedisServer.start());
  const proxy = mine(await Proxy.start(redis.port));
  const program = mine(await Program.start({ SEEN_STORE_URL: proxy.url, ...env }));
  return { redis, proxy, program };
}

async function onSqlite(env: Record<string, string> = {}) {
  return { program: mine(await Program.start(env)) };
}

const STORES = [
  ['Redis', onRedis],
  ['SQLite', onSqlite],
] as const;

/**
 * What is promised holds for the default counter and for a named one: they are visited in turns,
 * and each is judged.
 */
const PATHS = ['/', '/hit/some/page'] as const;

/** The total, without counting: one visit is made and taken off. */
async function totalOf(program: Program, path = '/'): Promise<number> {
  return (await program.visit(path)) - 1;
}

/**
 * What is wrong with the numbers of each counter, from its first visit on; empty when nothing is.
 */
async function findingsOf(program: Program, evidence: readonly Evidence[]): Promise<string[]> {
  const found = await Promise.all(
    PATHS.map(async (path, at) => findings(evidence[at]!, 0, await totalOf(program, path))),
  );
  return found.flat();
}

/** How many processes listen on the program's port: a replacement is one when it does. */
async function listening(program: Program): Promise<number> {
  const { port } = new URL(program.url);
  return (await Bun.$`ss -Hltn ${`sport = :${port}`}`.text()).split('\n').filter(Boolean).length;
}

/** Visits by clients that go elsewhere when they are told to, as a load balancer has them do. */
const loadThatLeaves = ({ url }: Program) =>
  load({ url, clients: 48, keepAlive: true, comesBack: false, more: () => true, pauseMs: 2 });

/** How many visits of all counters there were of a kind. */
const sumOf = (evidence: readonly Evidence[], count: (one: Evidence) => number) =>
  evidence.reduce((sum, one) => sum + count(one), 0);
const numbersOf = (evidence: readonly Evidence[]) =>
  sumOf(evidence, ({ numbers }) => numbers.length);
const failuresOf = (evidence: readonly Evidence[]) => ({
  refused: evidence.flatMap(({ refused }) => [...refused]),
  failed: evidence.flatMap(({ failed }) => [...failed]),
});
const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

for (const [name, start] of STORES) {
  describe(`on ${name}`, () => {
    test('P1 unique: three replicas answer 20,000 concurrent hits of each of two counters with the numbers 1 to 20,000, each once', async () => {
      const { program } = await start();
      const evidence = await loadEach(
        { url: program.url, clients: 200, keepAlive: true, more: exactly(2 * 20_000) },
        PATHS,
      );
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
      for (const { numbers } of evidence) expect(inOrder(numbers)).toEqual(oneTo(20_000));
      expect((await program.replicas()).length).toBe(3);
    });

    test('P1 unique: replicas take turns on one counter, and on a connection numbers only grow', async () => {
      const { program } = await start();
      const servedBy = new Set<string | null>();
      for (let n = 1; n <= 30; n++) {
        for (const path of PATHS) {
          const response = await fetch(`${program.url}${path}`, { keepalive: false });
          servedBy.add(response.headers.get('X-Served-By'));
          expect(numberIn(await response.text())).toBe(n);
        }
      }
      expect(servedBy).toEqual(
        new Set(['test-1', 'test-2', 'test-3'].map((replica) => `${replica} seen/${version}`)),
      );
    });

    test('P2 exact: a killed replica fails only what it held, counts nothing twice, and is replaced', async () => {
      const { program } = await start();
      let going = true;
      const visits = loadEach(
        { url: program.url, clients: 48, keepAlive: true, more: () => going },
        PATHS,
      );
      for (let n = 0; n < 4; n++) {
        await Bun.sleep(500);
        const [victim] = await program.replicas();
        process.kill(victim!, 'SIGKILL');
        await until('three replicas again', async () => {
          const replicas = await program.replicas();
          return (
            replicas.length === 3 &&
            !replicas.includes(victim!) &&
            (await listening(program)) === 3
          );
        });
      }
      await Bun.sleep(300);
      going = false;
      const evidence = await visits;
      expect(await findingsOf(program, evidence)).toEqual([]);
      expect(numbersOf(evidence)).toBeGreaterThan(500);
      const { refused, failed } = failuresOf(evidence);
      const failures = failed.reduce((sum, [, count]) => sum + count, 0);
      // Four kills of a third of 48 connections, each with one request, and a new one on its way
      // at most.
      expect(failures).toBeLessThanOrEqual(4 * 48);
      expect(refused).toEqual([]);
    });

    test('P5 retry-safe: a key gets one number and counts once, from any replica, killed or not, and after a restart', async () => {
      const { program } = await start();
      // A key is its counter's own: the same ones are used for both.
      const keys = Array.from({ length: 150 }, () => crypto.randomUUID()).flatMap((key) => [
        key,
        key,
      ]);
      /** Asks until there is an answer, as a client does that repeats what failed. */
      const ask = async (key: string, index: number): Promise<number> => {
        for (;;) {
          const answer = await fetch(`${program.url}${PATHS[index % 2]}`, {
            headers: { 'Idempotency-Key': key },
            keepalive: false,
          }).catch(() => undefined);
          if (answer?.status === 200) return numberIn(await answer.text());
          await Bun.sleep(20);
        }
      };
      const rounds = [0, 1, 2].map((round) =>
        Promise.all(
          keys.map(async (key, index) => {
            await Bun.sleep(index * 10 + round * 200);
            return ask(key, index);
          }),
        ),
      );
      for (let n = 0; n < 3; n++) {
        await Bun.sleep(800);
        const [victim] = await program.replicas();
        process.kill(victim!, 'SIGKILL');
      }
      const [first, second, third] = await Promise.all(rounds);
      expect(second).toEqual(first);
      expect(third).toEqual(first);
      for (const own of [0, 1]) {
        expect(inOrder(first!.filter((_, index) => index % 2 === own))).toEqual(oneTo(150));
      }
      await program.stop();
      await program.start();
      expect(await Promise.all(keys.map(ask))).toEqual(first!);
      for (const path of PATHS) expect(await totalOf(program, path)).toBe(150);
    });

    test('P3 durable: what was answered is there after the program was killed in mid-load', async () => {
      const { program } = await start();
      let going = true;
      let asked = 0;
      const more = () => {
        asked++;
        return going;
      };
      const visits = loadEach({ url: program.url, clients: 48, keepAlive: true, more }, PATHS);
      await until('visits to be answered', () => asked > 1000);
      const replicas = await program.replicas();
      program.process.kill('SIGKILL');
      for (const pid of replicas) process.kill(pid, 'SIGKILL');
      going = false;
      const evidence = await visits;
      await program.start();
      expect(await findingsOf(program, evidence)).toEqual([]);
      expect(numbersOf(evidence)).toBeGreaterThan(100);
    });

    test('P3 durable: stopped and started again, it goes on where it was', async () => {
      const { program } = await start();
      for (const path of PATHS)
        expect([await program.visit(path), await program.visit(path)]).toEqual([1, 2]);
      expect(await program.stop()).toBe(0);
      await program.start();
      for (const path of PATHS) expect(await program.visit(path)).toBe(3);
    });

    test('P6 no downtime: SIGHUP under keep-alive load replaces every replica and fails no request', async () => {
      const { program } = await start();
      const before = await program.replicas();
      let going = true;
      const visits = load({
        url: program.url,
        clients: 48,
        keepAlive: true,
        more: () => going,
        pauseMs: 2,
      });
      await Bun.sleep(300);
      program.process.kill('SIGHUP');
      await until(
        'all replicas to be new',
        async () => {
          const now = await program.replicas();
          return now.length === 3 && now.every((pid) => !before.includes(pid));
        },
        60_000,
      );
      await Bun.sleep(300);
      going = false;
      const evidence = await visits;
      expect({ refused: [...evidence.refused], failed: [...evidence.failed] }).toEqual({
        refused: [],
        failed: [],
      });
      expect(findings(evidence, 0, await totalOf(program))).toEqual([]);
    });

    test('P6 no downtime: SIGTERM of one replica under keep-alive load fails no request', async () => {
      const { program } = await start();
      const [victim] = await program.replicas();
      let going = true;
      const visits = load({
        url: program.url,
        clients: 48,
        keepAlive: true,
        more: () => going,
        pauseMs: 2,
      });
      await Bun.sleep(300);
      process.kill(victim!, 'SIGTERM');
      await until('the replica to be replaced', async () => {
        const now = await program.replicas();
        return now.length === 3 && !now.includes(victim!);
      });
      going = false;
      const evidence = await visits;
      expect({ refused: [...evidence.refused], failed: [...evidence.failed] }).toEqual({
        refused: [],
        failed: [],
      });
    });

    test('P6 no downtime: replicas that stand still while they stop have not heard their clients yet, and fail no request', async () => {
      const { program } = await start();
      const allNew = async (before: readonly number[]) => {
        const now = await program.replicas();
        return now.every((pid) => !before.includes(pid)) && (await listening(program)) === 3;
      };
      // Such a one is stopped while it waits for its clients: of nine some are.
      for (let round = 0; round < 3; round++) {
        const replicas = await program.replicas();
        const visits = loadThatLeaves(program);
        await Bun.sleep(300);
        for (const signal of ['SIGTERM', 'SIGSTOP'] as const)
          for (const pid of replicas) process.kill(pid, signal);
        await Bun.sleep(800);
        for (const pid of replicas) process.kill(pid, 'SIGCONT');
        expect(failuresOf([await visits])).toEqual({ refused: [], failed: [] });
        await until('all replicas to be new', () => allNew(replicas));
      }
    });

    test('P6 no downtime: SIGTERM of all under keep-alive load sends every client away and fails no request', async () => {
      const { program } = await start();
      const visits = loadThatLeaves(program);
      await Bun.sleep(500);
      expect(await program.stop()).toBe(0);
      const evidence = await visits;
      expect({ refused: [...evidence.refused], failed: [...evidence.failed] }).toEqual({
        refused: [],
        failed: [],
      });
      await program.start();
      expect(findings(evidence, 0, await totalOf(program))).toEqual([]);
    });

    test('P8 yours: it is connected to its store and its visitors and to nobody else, and no counter ends', async () => {
      const { program, ...rest } = await start();
      await loadEach(
        { url: program.url, clients: 20, keepAlive: true, more: exactly(200) },
        PATHS,
      );
      const { proxy, redis } = rest as { proxy?: Proxy; redis?: RedisServer };
      const ours = [program.url, program.operationsUrl].map((url) => new URL(url).port);
      const allowed = new Set([...ours, ...(proxy ? [`${proxy.port}`] : [])]);
      const sockets = await Bun.$`ss -Htunp`.text();
      const pids = [program.process.pid, ...(await program.replicas())];
      const lines = sockets
        .split('\n')
        .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)));
      const strangers = lines.filter((line) => {
        const ports = [...line.matchAll(/:(\d+)\s/g)].map(([, port]) => port ?? '');
        return !ports.some((port) => allowed.has(port));
      });
      expect(strangers).toEqual([]);
      if (proxy) expect(lines.length).toBeGreaterThan(0);
      // And what it keeps there stays: SQLite's rows have no end.
      for (const key of ['hits', 'seen:total:some/page']) {
        if (redis) expect({ key, ttl: await redis.cli('TTL', key) }).toEqual({ key, ttl: '-1' });
      }
    });

    test('P8 yours: an export, taken while visits come in, has all that were answered before, and is imported elsewhere whole', async () => {
      const { program } = await start();
      using folder = temporaryFolder();
      const seen = (...words: string[]) =>
        Bun.$`${process.execPath} ${join(ROOT, 'src/main.ts')} ${words}`
          .cwd(folder.path)
          .env({ ...program.environment })
          .quiet();
      const evidence = { numbers: 0 };
      let going = true;
      const visits = load({
        url: program.url,
        clients: 50,
        keepAlive: true,
        more: () => {
          evidence.numbers++;
          return going;
        },
      });
      await until('visits to be answered', () => evidence.numbers > 500);
      const before = await program.visit();
      await seen('export', 'all.jsonl');
      going = false;
      const { numbers, failed, refused } = await visits;
      expect({ failed: [...failed], refused: [...refused] }).toEqual({ failed: [], refused: [] });
      const text = await Bun.file(join(folder.path, 'all.jsonl')).text();
      const hits = text.split('\n').find((line) => line.startsWith('{"counter":"hits",')) ?? '{}';
      const { total, hours } = JSON.parse(hits) as {
        total: number;
        hours: Record<string, Record<string, number>>;
      };
      expect(total).toBeGreaterThanOrEqual(before);
      expect(total).toBeLessThanOrEqual(Math.max(...numbers));
      const added = Object.values(hours).flatMap((kinds) => Object.values(kinds));
      expect(added.reduce((sum, amount) => sum + amount, 0)).toBe(total);
      await seen('import', 'all.jsonl', '--yes', '--store-url', 'sqlite:other.db');
      const again = await seen('export', '--store-url', 'sqlite:other.db').text();
      expect(again.split('\n').slice(1)).toEqual(text.split('\n').slice(1));
    });
  });
}

test('P6 no downtime: where Linux hands connections on (tcp_migrate_req), SIGHUP fails no new connection either', async () => {
  // The setting is of a network, and so the program gets one of its own.
  const inside = `ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req && exec "$@"`;
  const script = join(import.meta.dir, '../support/replace-under-new-connections.ts');
  const run = Bun.spawn(
    ['unshare', '--map-root-user', '--net', 'sh', '-c', inside, 'sh', process.execPath, script],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const evidence = JSON.parse(await new Response(run.stdout).text());
  expect(evidence).toEqual({ answered: expect.any(Number), refused: [], failed: [] });
  expect(evidence.answered).toBeGreaterThan(1000);
});

describe('on Redis, when it fails', () => {
  /**
   * Loads each counter of the program while `mistreat` does its work; answers the evidence of
   * each.
   */
  async function underLoad(program: Program, mistreat: () => Promise<void>): Promise<Evidence[]> {
    let going = true;
    const { url } = program;
    const more = () => going;
    const keepAlive = loadEach({ url, clients: 32, keepAlive: true, more, pauseMs: 1 }, PATHS);
    const fresh = loadEach({ url, clients: 8, keepAlive: false, more, pauseMs: 5 }, PATHS);
    await Bun.sleep(300);
    await mistreat();
    going = false;
    const [one, two] = await Promise.all([keepAlive, fresh]);
    const merge = <K>(a: Map<K, number>, b: Map<K, number>) =>
      new Map([...a, ...[...b].map(([key, count]) => [key, count + (a.get(key) ?? 0)] as const)]);
    return PATHS.map((_, at) => ({
      numbers: [...one[at]!.numbers, ...two[at]!.numbers],
      refused: merge(one[at]!.refused, two[at]!.refused),
      failed: merge(one[at]!.failed, two[at]!.failed),
    }));
  }

  test('P3 durable: kill -9 of Redis in mid-load loses no answered hit and gives no number twice', async () => {
    const { redis, program } = await onRedis();
    const evidence = await underLoad(program, async () => {
      for (let n = 0; n < 5; n++) {
        await redis.kill();
        await Bun.sleep(100);
        await redis.start();
        await Bun.sleep(500);
      }
    });
    expect(await findingsOf(program, evidence)).toEqual([]);
    expect(numbersOf(evidence)).toBeGreaterThan(1000);
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
  });

  test('P4 no double count inside: connections cut at random in both directions count every hit once', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    process.stdout.write(`seed ${seed} (TEST_SEED repeats it)\n`);
    const chance = random(seed);
    const { proxy, program } = await onRedis();
    const evidence = await underLoad(program, async () => {
      proxy.fault = { loseRequest: () => chance() < 0.01, loseAnswer: () => chance() < 0.01 };
      await Bun.sleep(8000);
      await until('connections to be cut', () => proxy.cuts > 20, 60_000);
      proxy.fault = {};
    });
    expect(proxy.cuts).toBeGreaterThan(20);
    // Each retry is answered in time, so nothing is refused, and the count is exact to the last
    // visit.
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
    for (const [at, path] of PATHS.entries()) {
      expect(inOrder(evidence[at]!.numbers)).toEqual(oneTo(await totalOf(program, path)));
    }
  });

  for (const [what, ms, strike, heal] of [
    [
      'stopped (SIGSTOP) for 5 s',
      5000,
      (redis: RedisServer) => redis.pause(),
      (redis: RedisServer) => redis.resume(),
    ],
    [
      'away for 60 s',
      60_000,
      (redis: RedisServer) => redis.kill(),
      (redis: RedisServer) => redis.start(),
    ],
  ] as const) {
    test(`P7 bounded: with Redis ${what}, visits wait, then get 503 with Retry-After, and it returns by itself`, async () => {
      const { redis, program } = await onRedis({ SEEN_WAIT_MS: '1500' });
      const replicas = await program.replicas();
      const evidence = await underLoad(program, async () => {
        await strike(redis);
        const refused = await fetch(program.url);
        expect(refused.status).toBe(503);
        expect(refused.headers.get('Retry-After')).toBe('1');
        const ready = await fetch(`${program.operationsUrl}/readyz`);
        expect(ready.status).toBe(503);
        expect((await fetch(`${program.operationsUrl}/healthz`)).status).toBe(200);
        // A replica that is late with its figures is left out of them.
        await until('it to be among the figures', async () =>
          (await (await fetch(`${program.operationsUrl}/metrics`)).text()).includes(
            'seen_store_up{replica="test-1"} 0',
          ),
        );
        await Bun.sleep(ms - 1500);
        await heal(redis);
        await until(
          'visits to be counted again',
          async () => (await fetch(program.url)).ok,
          10_000,
        );
        await Bun.sleep(500);
      });
      for (const { refused } of evidence) expect([...refused.keys()]).toEqual([503]);
      expect(failuresOf(evidence).failed).toEqual([]);
      expect(await program.replicas()).toEqual(replicas);
      // Those that asked from inside the test are visits too.
      const withOurs = evidence.map(({ refused, ...one }) => ({
        ...one,
        refused: new Map([[503, 200 + (refused.get(503) ?? 0)]]),
      }));
      expect(await findingsOf(program, withOurs)).toEqual([]);
      // Each replica says once that it began and once that it is over.
      const saidBy = (words: string) =>
        program.lines().flatMap(({ msg, replica }) => (msg.startsWith(words) ? replica : []));
      await until('it to be over', () => saidBy('the store answers again').length === 3);
      const each = ['test-1', 'test-2', 'test-3'];
      expect(saidBy('visits wait because the store fails: ').toSorted()).toEqual(each);
      expect(saidBy('the store answers again').toSorted()).toEqual(each);
      expect(program.lines().filter(({ replica }) => replica !== 'test')).toHaveLength(6);
    });
  }

  test('P1 unique: two programs on one Redis, as on two machines, give 20,000 hits of each of two counters 20,000 numbers', async () => {
    const { redis, program } = await onRedis();
    const other = mine(await Program.start({ SEEN_STORE_URL: redis.url }));
    const all = await Promise.all(
      [program, other].map(({ url }) =>
        loadEach({ url, clients: 50, keepAlive: true, more: exactly(2 * 10_000) }, PATHS),
      ),
    );
    for (const at of [0, 1]) {
      expect(inOrder(all.flatMap((evidence) => evidence[at]!.numbers))).toEqual(oneTo(20_000));
    }
    expect(await redis.cli('MGET', 'hits', 'seen:total:some/page')).toBe('20000\n20000');
  });

  test('a Redis that was emptied begins again at 1, and every replica goes on', async () => {
    const { redis, program } = await onRedis();
    await load({ url: program.url, clients: 20, keepAlive: false, more: exactly(100) });
    await redis.cli('FLUSHALL');
    const evidence = await load({
      url: program.url,
      clients: 20,
      keepAlive: false,
      more: exactly(100),
    });
    expect(evidence.numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });
});

describe('on SQLite, when it fails', () => {
  test('P7 bounded: while another process keeps the file locked visits get 503, and it returns by itself', async () => {
    const { program } = await onSqlite({ SEEN_WAIT_MS: '2000', SEEN_STORE_TIMEOUT_MS: '300' });
    expect(await program.visit()).toBe(1);
    const other = new Database(program.database);
    other.run('PRAGMA busy_timeout = 20000');
    other.run('BEGIN IMMEDIATE');
    const refused = await fetch(program.url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('Retry-After')).toBe('1');
    other.run('ROLLBACK');
    other.close();
    await until('visits to be counted again', async () => (await fetch(program.url)).ok);
  });

  test('P7 bounded: a full disk refuses visits, loses nothing, and counts again when there is room', async () => {
    // A disk of 2 MB in memory, mounted for this program alone: that needs no rights where user
    // namespaces are allowed.
    using folder = temporaryFolder();
    const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
    const program = mine(
      await Program.prepare(
        { SEEN_STORE_URL: `sqlite:${folder.path}/seen.db`, SEEN_WAIT_MS: '700' },
        ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, folder.path],
      ),
    );
    await program.start();
    const filler = `/proc/${program.process.pid}/root${folder.path}/filler`;
    const first = await load({
      url: program.url,
      clients: 20,
      keepAlive: true,
      more: exactly(200),
    });
    await Bun.$`dd if=/dev/zero of=${filler} bs=4k`.quiet().nothrow();
    const during = await load({
      url: program.url,
      clients: 20,
      keepAlive: true,
      more: exactly(60),
    });
    expect(during.refused.get(503) ?? 0).toBeGreaterThan(0);
    await Bun.$`rm ${filler}`;
    await until('visits to be counted again', async () => (await fetch(program.url)).ok);
    const numbers = [...first.numbers, ...during.numbers];
    const total = await totalOf(program);
    expect(
      findings(
        {
          numbers,
          refused: new Map([[503, 100 + (during.refused.get(503) ?? 0)]]),
          failed: during.failed,
        },
        0,
        total,
      ),
    ).toEqual([]);
  });
});

/** Numbers from 0 to 1 that a seed repeats (mulberry32, by T. Ettinger; public domain). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
