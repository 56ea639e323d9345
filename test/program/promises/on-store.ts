/**
 * The promises of the product, each on the started program, with real stores and real faults.
 *
 * A test's name begins with its promise. Not here: what only the stack or `seen verify` can show,
 * and failures of the store (`on-server.ts`, `sqlite.test.ts`).
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { version } from '../../../package.json' with { type: 'json' };
import { temporaryFolder, until } from '../../support/folder.ts';
import { exactly, findings, load, loadEach } from '../../support/load.ts';
import { signal } from '../../support/postgres-processes.ts';
import { MAIN, numberIn } from '../../support/program.ts';
import {
  failuresOf,
  findingsOf,
  inOrder,
  listening,
  loadDuring,
  loadThatLeaves,
  numbersAfter,
  numbersOf,
  type OnStore,
  oneTo,
  PATHS,
  sharedBy,
  totalOf,
  totalsNow,
} from './shared.ts';

/**
 * Declares the tests of the promises that hold on every store. `start` starts the program on one.
 * All tests share this program and leave it with three replicas. The first one needs empty
 * counters; the others count from the totals that they find.
 */
export function testPromises(name: string, start: () => Promise<OnStore>): void {
  describe(`on ${name}`, () => {
    const on = sharedBy(start);

    test('P1 unique: three replicas answer 20,000 concurrent hits on each of two counters with the numbers 1 to 20,000, each once', async () => {
      const { program } = on();
      const evidence = await loadEach(
        { url: program.url, clients: 200, keepAlive: true, more: exactly(2 * 20_000) },
        PATHS,
      );
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
      for (const { numbers } of evidence) expect(inOrder(numbers)).toEqual(oneTo(20_000));
      expect((await program.replicas()).length).toBe(3);
    });

    test('P1 unique: across replicas, numbers on one connection only grow', async () => {
      const { program } = on();
      const before = await totalsNow(program);
      const servedBy = new Set<string | null>();
      for (let n = 1; n <= 30; n++) {
        for (const [at, path] of PATHS.entries()) {
          const response = await fetch(`${program.url}${path}`, { keepalive: false });
          servedBy.add(response.headers.get('X-Served-By'));
          expect(numberIn(await response.text())).toBe(before[at]! + n);
        }
      }
      expect(servedBy).toEqual(
        new Set(['test-1', 'test-2', 'test-3'].map((replica) => `${replica} seen/${version}`)),
      );
    });

    test('P2 exact: killing a replica fails only its requests in progress, counts nothing twice, and a new one starts', async () => {
      const { program } = on();
      const before = await totalsNow(program);
      const evidence = await loadDuring(
        { url: program.url, clients: 48, keepAlive: true, pauseMs: 40 },
        PATHS,
        async () => {
          for (let n = 0; n < 4; n++) {
            await Bun.sleep(500);
            const [victim] = await program.replicas();
            process.kill(victim!, 'SIGKILL');
            await until('three replicas again', async () => {
              if ((await listening(program)) !== 3) return false;
              const replicas = await program.replicas();
              return replicas.length === 3 && !replicas.includes(victim!);
            });
          }
          await Bun.sleep(300);
        },
      );
      expect(await findingsOf(program, evidence, before)).toEqual([]);
      expect(numbersOf(evidence)).toBeGreaterThan(500);
      const { refused, failed } = failuresOf(evidence);
      const failures = failed.reduce((sum, [, count]) => sum + count, 0);
      // Four kills of a third of 48 connections, each with one request, and a new one on its way
      // at most.
      expect(failures).toBeLessThanOrEqual(4 * 48);
      // The kills met visits in progress.
      expect(failures).toBeGreaterThan(0);
      expect(refused).toEqual([]);
    });

    test('P5 retry-safe: a key gets one number and counts once, from any replica, killed or not, and after a restart', async () => {
      const { program } = on();
      const before = await totalsNow(program);
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
        expect(inOrder(first!.filter((_, index) => index % 2 === own))).toEqual(
          numbersAfter(before[own]!, 150),
        );
      }
      await program.stop();
      await program.start();
      expect(await Promise.all(keys.map(ask))).toEqual(first!);
      for (const [at, path] of PATHS.entries())
        expect(await totalOf(program, path)).toBe(before[at]! + 150);
    });

    test('P3 durable: answered hits survive killing the program under load', async () => {
      const { program } = on();
      const before = await totalsNow(program);
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
      expect(await findingsOf(program, evidence, before)).toEqual([]);
      expect(numbersOf(evidence)).toBeGreaterThan(100);
    });

    test('P3 durable: after a stop and a start it continues where it was', async () => {
      const { program } = on();
      const before = await totalsNow(program);
      expect(await totalsNow(program)).toEqual(before.map((total) => total + 1));
      expect(await program.stop()).toBe(0);
      await program.start();
      expect(await totalsNow(program)).toEqual(before.map((total) => total + 2));
    });

    test('P6 no downtime: SIGHUP under keep-alive load replaces every replica and fails no request', async () => {
      const { program } = on();
      const before = await program.visit();
      const replaced = await program.replicas();
      const evidence = await loadDuring(
        { url: program.url, clients: 48, keepAlive: true, pauseMs: 40 },
        ['/'],
        async () => {
          await Bun.sleep(300);
          program.process.kill('SIGHUP');
          await until(
            'all replicas to be new',
            async () => {
              const now = await program.replicas();
              return now.length === 3 && now.every((pid) => !replaced.includes(pid));
            },
            60_000,
          );
          await Bun.sleep(300);
        },
      );
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
      expect(findings(evidence[0]!, before, await totalOf(program))).toEqual([]);
    });

    test('P6 no downtime: SIGTERM of one replica under keep-alive load fails no request', async () => {
      const { program } = on();
      const [victim] = await program.replicas();
      const evidence = await loadDuring(
        { url: program.url, clients: 48, keepAlive: true, pauseMs: 2 },
        ['/'],
        async () => {
          await Bun.sleep(300);
          process.kill(victim!, 'SIGTERM');
          await until('the replica to be replaced', async () => {
            const now = await program.replicas();
            return now.length === 3 && !now.includes(victim!);
          });
        },
      );
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
    });

    test('P6 no downtime: replicas that are suspended while they stop fail no request of clients they have not heard yet', async () => {
      const { program } = on();
      const allNew = async (before: readonly number[]) => {
        if ((await listening(program)) !== 3) return false;
        const now = await program.replicas();
        return now.every((pid) => !before.includes(pid));
      };
      // Such a one is stopped while it waits for its clients: of nine some are. One that had no
      // client may have ended before.
      for (let round = 0; round < 3; round++) {
        const replicas = await program.replicas();
        const visits = loadThatLeaves(program);
        await Bun.sleep(300);
        for (const signalName of ['SIGTERM', 'SIGSTOP'] as const)
          for (const pid of replicas) signal(pid, signalName);
        await Bun.sleep(800);
        for (const pid of replicas) signal(pid, 'SIGCONT');
        expect(failuresOf([await visits])).toEqual({ refused: [], failed: [] });
        await until('all replicas to be new', () => allNew(replicas));
      }
    });

    test('P6 no downtime: SIGTERM of all replicas under keep-alive load disconnects every client and fails no request', async () => {
      const { program } = on();
      const before = await program.visit();
      const visits = loadThatLeaves(program);
      await Bun.sleep(500);
      expect(await program.stop()).toBe(0);
      const evidence = await visits;
      expect({ refused: [...evidence.refused], failed: [...evidence.failed] }).toEqual({
        refused: [],
        failed: [],
      });
      await program.start();
      expect(findings(evidence, before, await totalOf(program))).toEqual([]);
    });

    test('P8 yours: Seen connects only to its store and its visitors, and no counter expires', async () => {
      const { program, proxy, redis } = on();
      await loadEach(
        { url: program.url, clients: 20, keepAlive: true, more: exactly(200) },
        PATHS,
      );
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

    test('P8 yours: an export during visits contains all that were answered before it, and can be imported elsewhere', async () => {
      const { program } = on();
      using folder = temporaryFolder();
      const seen = (...words: string[]) =>
        Bun.$`${process.execPath} ${MAIN} ${words}`
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
      await seen('export', 'all.jsonl').finally(() => {
        going = false;
      });
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
