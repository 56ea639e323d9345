/**
 * The commit protocol in simulated histories, on real stores. A history that fails prints its
 * seed, and `npx bun test/simulation/run.ts --store STORE SEED` repeats it exactly.
 */
import { describe, expect, test } from 'bun:test';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { parcelOf } from './parcel.ts';
import { visitorIds } from './visitors.ts';

/** A run takes half a minute; this is for machines that have other things to do. */
const PATIENCE_MS = 900_000;

async function run(...args: string[]): Promise<{ status: number; out: string }> {
  const { SEEN_SIMULATION_SEED: _, ...env } = process.env;
  const command = [process.execPath, 'test/simulation/run.ts', ...args];
  const child = Bun.spawn(command, { cwd: ROOT, env, stdout: 'pipe', stderr: 'inherit' });
  const out = await new Response(child.stdout).text();
  return { status: await child.exited, out };
}

/** Prints what a run says when it is not as it should be. */
async function runWell(store: string, seeds: number, first = 1): Promise<string> {
  const { status, out } = await run(
    '--store',
    store,
    '--seeds',
    `${seeds}`,
    '--first',
    `${first}`,
  );
  if (status !== 0) process.stdout.write(out);
  expect(status).toBe(0);
  expect(out).toContain(`${seeds} histories on ${store}`);
  return out;
}

test('Redis counts the visitors of the histories exactly, on each of two days', async () => {
  await using redis = await RedisServer.start();
  for (const day of [0, 1]) {
    const names = [
      ...visitorIds('person', day).map((id) => `p${id}`),
      ...visitorIds('program', day).map((id) => `g${id}`),
    ];
    for (const [index, name] of names.entries()) {
      await redis.cli('PFADD', `day-${day}`, name);
      expect(Number(await redis.cli('PFCOUNT', `day-${day}`))).toBe(index + 1);
    }
  }
  // Nobody of one day is somebody of the other.
  expect(Number(await redis.cli('PFCOUNT', 'day-0', 'day-1'))).toBe(80);
});

describe('simulated histories', () => {
  test(
    '3,000 find no error on Redis, with each command of the real script failing in some',
    async () => {
      const out = await runWell('redis', 3000);
      const script = ['shared', 'kept', 'window', 'history', 'commit']
        .map((part) => readFileSync(join(ROOT, `src/stores/redis/lua/${part}.lua`), 'utf8'))
        .join('');
      const called = new Set(
        [...script.matchAll(/\(?'([A-Z]{3,})'/g)].map(([, command]) => command),
      );
      const failed = new Set(
        [...out.matchAll(/failed in (\w+): /g)].map(([, command]) => command),
      );
      // TIME is asked only where clocks are compared, EXISTS only in a Redis Cluster.
      const missed = [...called].filter((command) => !failed.has(command));
      expect(
        missed.filter(
          (command) => !/^(WRONGTYPE|TIME|EXISTS|COUNT|LIMIT|KEEPTTL)$/.test(command ?? ''),
        ),
      ).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    '1,000 that are others in each run find no error on Redis',
    () => runWell('redis', 1000, randomInt(10_000, 1_000_000_000)),
    PATIENCE_MS,
  );

  test(
    '500 find no error on SQLite, with statements that fail',
    async () => {
      const out = await runWell('sqlite', 500);
      for (const word of ['BEGIN', 'SELECT', 'INSERT', 'COMMIT'])
        expect(out).toContain(`failed in ${word}: `);
    },
    PATIENCE_MS,
  );

  test(
    '500 show nothing wrong on PostgreSQL, with statements that fail',
    async () => {
      const out = await runWell('postgres', 500);
      for (const statement of ['INSERT of keys', 'UPDATE of counters', 'COMMIT of writers'])
        expect(out).toContain(`failed in ${statement}: `);
    },
    PATIENCE_MS,
  );

  test(
    'contain every possible event',
    async () => {
      const out = await runWell('none', 1000);
      const met = (what: string) =>
        Number(new RegExp(`^  ${what}: (\\d+)$`, 'm').exec(out)?.[1] ?? 0);
      const events =
        'answer unheard, arrived late, lost before, lost with the store, refused, failed, crash, drain, outage';
      const losses = 'set back, emptied, writers forgotten, out of order, change';
      const answers =
        'number, no answer, waiting-full, draining, store-unavailable, hit-unconfirmed, counter-missing';
      const refusals = 'counters-full, key-reused, keys-full, total-out-of-range';
      for (const what of [
        ...`${events}, ${losses}`.split(', '),
        ...`${answers}, ${refusals}`.split(', ').map((answer) => `hit: ${answer}`),
      ]) {
        expect({ what, often: met(what) > 10 }).toEqual({ what, often: true });
      }
    },
    PATIENCE_MS,
  );

  test('repeat exactly for a seed, given as an argument or in the environment', async () => {
    const [first, second] = await Promise.all([run('77'), run('77')]);
    expect(first.out.length).toBeGreaterThan(1000);
    const without = (out: string) => out.replace(/ in [\d.]+ s/, '');
    expect(without(second.out)).toBe(without(first.out));
    const env = { ...process.env, SEEN_SIMULATION_SEED: '77' };
    const child = Bun.spawn([process.execPath, 'test/simulation/run.ts'], {
      cwd: ROOT,
      env,
      stdout: 'pipe',
    });
    expect(without(await new Response(child.stdout).text())).toBe(without(first.out));
  });

  test('refuse an invalid seed or store', async () => {
    expect(await run('--store', 'paper')).toMatchObject({ status: 2 });
    expect(await run('seven')).toMatchObject({ status: 2 });
  });
});

test('a batch is distinguished from one that omits or adds a hit', () => {
  const hit = (id: number, counter: string) => ({
    id,
    counter,
    amount: 1,
    once: undefined,
    visitor: undefined,
    reveal: false,
    make: true,
    sentAt: 0,
    fate: undefined,
    lost: false,
    saidNotCounted: false,
    answer: undefined,
  });
  const waiting = [hit(0, 'a'), hit(1, 'b'), hit(2, 'a')];
  const batch = (...changes: { counter: string; amount: number }[]) => ({
    writer: 'w',
    sequence: 1,
    changes,
  });
  const a2 = { counter: 'a', amount: 2 };
  const b1 = { counter: 'b', amount: 1 };
  expect(parcelOf(batch(a2, b1), waiting)?.hits).toHaveLength(3);
  expect(parcelOf(batch({ counter: 'a', amount: 1 }), waiting)?.hits).toHaveLength(1);
  expect(parcelOf(batch(a2), waiting)).toBeUndefined();
  expect(parcelOf(batch(b1, a2), waiting)).toBeUndefined();
  expect(parcelOf(batch(a2, { counter: 'b', amount: 2 }), waiting)).toBeUndefined();
});
