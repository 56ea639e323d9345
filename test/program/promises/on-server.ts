/**
 * The promises while the database server is killed, silent, disconnected or unavailable. Faults
 * that only one store has are in its own file.
 */
import { describe, expect, test } from 'bun:test';
import { until } from '../../support/folder.ts';
import { exactly, load, loadEach } from '../../support/load.ts';
import { Program } from '../../support/program.ts';
import type { DatabaseServer } from '../../support/stores/database.ts';
import {
  failuresOf,
  findingsOf,
  inOrder,
  numbersAfter,
  numbersOf,
  type OnServer,
  oneTo,
  PATHS,
  sharedBy,
  totalOf,
  totalsNow,
  underLoad,
} from './shared.ts';

type Start<T> = (env?: Record<string, string>) => Promise<T>;

/**
 * Declares the tests of the promises while the database server fails. `start` starts the program
 * on a server, with settings; `more` declares further tests that share this program.
 */
export function testServerFaults<T extends OnServer>(
  name: string,
  start: Start<T>,
  more: (on: () => T) => void,
): void {
  describe(`on ${name}, when it fails`, () => {
    const on = sharedBy(start);

    test('P3 durable: kill -9 of the server under load loses no answered hit and gives no number twice', async () => {
      const { server, program } = on();
      const before = await totalsNow(program);
      const evidence = await underLoad(program, async () => {
        for (let n = 0; n < 5; n++) {
          await server.kill();
          await Bun.sleep(100);
          await server.start();
          // A server that has just recovered may be slow.
          const read = async () => {
            const response = await fetch(program.url + PATHS[1].replace('/hit/', '/get/'));
            if (response.status === 404) return 0;
            return ((await response.json()) as { value: number }).value;
          };
          const restarted = await read();
          await until(
            'visits to be counted again',
            async () => (await read()) > restarted + 150,
            30_000,
          );
        }
      });
      expect(await findingsOf(program, evidence, before)).toEqual([]);
      expect(numbersOf(evidence)).toBeGreaterThan(1000);
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
    });

    test('P4 no double count: with connections cut at random in both directions every hit counts once', async () => {
      const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
      process.stdout.write(`seed ${seed} (TEST_SEED repeats it)\n`);
      const chance = random(seed);
      const { proxy, program } = on();
      const before = await totalsNow(program);
      const cutBefore = proxy.cuts;
      const evidence = await underLoad(program, async () => {
        proxy.fault = { loseRequest: () => chance() < 0.03, loseAnswer: () => chance() < 0.03 };
        try {
          await until('connections to be cut', () => proxy.cuts > cutBefore + 60, 60_000);
        } finally {
          proxy.fault = {};
        }
      });
      // Each retry is answered in time, so nothing is refused, and the count is exact to the last
      // visit.
      expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
      for (const [at, path] of PATHS.entries()) {
        const counted = (await totalOf(program, path)) - before[at]!;
        expect(inOrder(evidence[at]!.numbers)).toEqual(numbersAfter(before[at]!, counted));
      }
    });

    test('P1 unique: two Seens on one server, as on two machines, give 20,000 hits on each of two counters 20,000 numbers', async () => {
      const { url: directly, program } = on();
      const before = await totalsNow(program);
      await using other = await Program.start({ SEEN_STORE_URL: directly, SEEN_REPLICAS: '1' });
      const all = await Promise.all(
        [program, other].map(({ url }) =>
          loadEach({ url, clients: 200, keepAlive: true, more: exactly(2 * 10_000) }, PATHS),
        ),
      );
      for (const [at, path] of PATHS.entries()) {
        const numbers = all.flatMap((evidence) => evidence[at]!.numbers);
        expect(inOrder(numbers)).toEqual(numbersAfter(before[at]!, 20_000));
        expect(await totalOf(program, path)).toBe(before[at]! + 20_000);
      }
    });

    more(on);
  });
}

/**
 * Declares the tests of what visits get while the server is stopped, or away for `awayMs`, which
 * is longer than they wait. `more` declares further tests that share this program.
 */
export function testServerOutages<T extends OnServer>(
  name: string,
  start: Start<T>,
  awayMs: number,
  more: (on: () => T) => void = () => undefined,
): void {
  describe(`on ${name}, when it is unavailable`, () => {
    const on = sharedBy(() => start({ SEEN_WAIT_MS: '1500' }));

    for (const [what, ms, strike, heal] of [
      [
        'stopped (SIGSTOP) for 5 s',
        5000,
        (server: DatabaseServer) => server.pause(),
        (server: DatabaseServer) => server.resume(),
      ],
      [
        `away for ${awayMs / 1000} s`,
        awayMs,
        (server: DatabaseServer) => server.kill(),
        (server: DatabaseServer) => server.start(),
      ],
    ] as const) {
      test(`P7 bounded: with a server ${what}, visits wait, then get 503 with Retry-After, and recover by themselves`, async () => {
        const { server, program } = on();
        const before = await totalsNow(program);
        const replicas = await program.replicas();
        const logged = program.lines().length;
        const evidence = await underLoad(program, async () => {
          await strike(server);
          try {
            await expectRefusals(program);
            await Bun.sleep(ms - 1500);
          } finally {
            await heal(server);
          }
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
        expect(await findingsOf(program, withOurs, before)).toEqual([]);
        // Each replica says once that it began and once that it is over.
        const lines = () => program.lines().slice(logged);
        const saidBy = (words: string) =>
          lines().flatMap(({ msg, replica }) => (msg.startsWith(words) ? replica : []));
        await until('it to be over', () => saidBy('the store answers again').length === 3);
        const each = ['test-1', 'test-2', 'test-3'];
        expect(saidBy('visits wait because the store fails: ').toSorted()).toEqual(each);
        expect(saidBy('the store answers again').toSorted()).toEqual(each);
        expect(lines().filter(({ replica }) => replica !== 'test')).toHaveLength(6);
      });
    }

    more(on);
  });
}

/** After `empty` has emptied the store, the next 100 visits get the numbers from 1 on. */
export async function expectNewBeginning(
  { url }: Program,
  empty: () => Promise<unknown>,
): Promise<void> {
  const visit = () => load({ url, clients: 20, keepAlive: false, more: exactly(100) });
  await visit();
  await empty();
  expect(inOrder((await visit()).numbers)).toEqual(oneTo(100));
}

/** Visits are refused while the store is away, and the operations port says so. */
async function expectRefusals({ url, operationsUrl }: Program): Promise<void> {
  const refused = await fetch(url);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('Retry-After')).toBe('1');
  // Each replica notices it by itself.
  await until('it to be reported as not ready', async () => {
    return (await fetch(`${operationsUrl}/readyz`)).status === 503;
  });
  expect((await fetch(`${operationsUrl}/healthz`)).status).toBe(200);
  // A replica that is late with its figures is left out of them.
  await until('it to be among the figures', async () =>
    (await (await fetch(`${operationsUrl}/metrics`)).text()).includes(
      'seen_store_up{replica="test-1"} 0',
    ),
  );
}

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
