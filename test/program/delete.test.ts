/** `seen delete`, run as users do next to a running Seen. */
import { expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { pastTime } from '../../src/commands/command.ts';
import type { Counting } from '../../src/contract/counting.ts';
import { RULES } from '../../src/contract/registry.ts';
import { until } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import type { DatabaseServer } from '../support/stores/database.ts';
import { newRedis } from '../support/stores/redis.ts';
import { forEachStore } from '../support/stores/stores.ts';

function start(program: Program, ...words: string[]) {
  return Bun.spawn([process.execPath, MAIN, 'delete', ...words], {
    env: { ...program.environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function seenDelete(program: Program, ...words: string[]) {
  const run = start(program, ...words);
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  return { status: await run.exited, out, error };
}

/** Makes counters as a flood does, with one hit each. */
async function flood(counting: Counting, names: readonly string[], amount = 1): Promise<void> {
  const changes = names.map((counter) => ({ counter, amount }));
  await counting.commit({ writer: randomUUID(), sequence: 1, changes });
}

const named = (space: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${space}/page-${at}`);

forEachStore((newDatabase) => {
  /** A started program on a store that the test looks into. */
  async function begin() {
    const database = await newDatabase();
    const program = await Program.start({ SEEN_STORE_URL: database.url, SEEN_REPLICAS: '1' });
    const store = database.open();
    return {
      program,
      store,
      async [Symbol.asyncDispose]() {
        await store.close();
        await program[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  test('counters of a flood are deleted by creation time and number of hits, and no others', async () => {
    await using seen = await begin();
    const { program, store } = seen;
    const past = { hours: [], days: [], visitors: new Map() };
    const old = {
      total: 1,
      madeAt: Date.now() - 3 * 3_600_000,
      owner: undefined,
      rules: RULES,
      past,
    };
    await store.archive.importAll([{ counter: 'my-site/old', ...old }], {
      source: 'elsewhere',
      existing: 'keep',
    });
    await store.registry.create('my-site/owned', {
      total: 1,
      madeAt: Date.now(),
      owner: 'of somebody',
    });
    await flood(store.counting, ['my-site/loved'], 5);
    await program.visit();
    await flood(store.counting, named('flood', 350));
    const criteria = ['--created-since', '2h', '--fewer-than', '5'];

    const before = await seenDelete(program, ...criteria);
    expect(before).toEqual({
      status: 0,
      error: '',
      out: expect.stringContaining('Nothing was deleted yet.'),
    });
    expect(before.out).toStartWith(
      '350 counters with 350 hits would be deleted:\n  flood/page-0  1  20',
    );
    expect(before.out).toContain(
      '\n  …\n1 counter more has an owner and is kept; --owned includes them.',
    );
    expect(await store.registry.size()).toBe(354);

    const done = await seenDelete(program, ...criteria, '--yes');
    expect(done).toEqual({
      status: 0,
      error: '',
      out: expect.stringContaining('350 counters with 350 hits deleted.'),
    });
    const { counters } = await store.registry.list({ search: '', after: '', limit: 10 });
    expect(counters.map(({ counter }) => counter)).toEqual([
      'hits',
      'my-site/loved',
      'my-site/old',
      'my-site/owned',
    ]);
    expect((await seenDelete(program, ...criteria, '--yes')).out).toStartWith(
      '0 counters with 0 hits deleted.',
    );
    expect(await program.visit()).toBe(2);
  });

  test('counters are deleted by name prefix: never the default counter, and owned ones only on request', async () => {
    await using seen = await begin();
    const { program, store } = seen;
    await program.visit();
    await flood(store.counting, [
      ...named('hits-of-all', 3),
      ...named('hit', 3),
      ...named('other', 3),
    ]);
    await store.registry.create('hit/owned', {
      total: 7,
      madeAt: Date.now(),
      owner: 'of somebody',
    });
    expect((await seenDelete(program, '--prefix', 'hits-of-all/page-1')).out).toStartWith(
      '1 counter with 1 hit would be deleted:\n  hits-of-all/page-1  1',
    );
    expect((await seenDelete(program, '--prefix', 'hit', '--yes')).out).toBe(
      '6 counters with 6 hits deleted.\n1 counter more has an owner and is kept; --owned includes them.\n',
    );
    expect((await seenDelete(program, '--prefix', 'hit', '--owned', '--yes')).out).toBe(
      '1 counter with 7 hits deleted.\n',
    );
    expect(await store.registry.size()).toBe(4);
    const all = ['--created-since', '1970-01-01', '--owned', '--yes'];
    expect((await seenDelete(program, ...all)).out).toStartWith('3 counters');
    expect((await seenDelete(program, '--prefix', 'none')).out).toBe('No counter matches.\n');
    expect(await program.visit()).toBe(2);
  });

  test('a counter that reaches the number of hits meanwhile is kept, and no hit is lost', async () => {
    await using seen = await begin();
    const { program, store } = seen;
    const names = named('flood', 1500);
    await flood(store.counting, names);
    const run = start(program, '--prefix', 'flood/', '--fewer-than', '2', '--yes');
    const totals = new Map<string, number>();
    // From the end of the list, to which the command comes last.
    const order = names.toSorted().toReversed();
    for (let at = 0; at < order.length && run.exitCode === null; at++) {
      const name = order[at] ?? '';
      totals.set(name, await program.visit(`/hit/${name}`));
    }
    expect(await run.exited).toBe(0);
    const left = await store.counting.read([...totals.keys()]);
    // Each was hit before the command came to it (2), or after it was deleted (1, a new
    // counter); it counts either way, until a counter that was made anew is deleted in its turn.
    const wrong = [...totals].filter(([, total], index) => total === 2 && left[index] !== 2);
    expect(wrong).toEqual([]);
    expect([...totals.values()].filter((total) => total === 2).length).toBeGreaterThan(0);
  });

  test('Ctrl-C ends it after a step, and the same command continues', async () => {
    await using seen = await begin();
    const { program, store } = seen;
    for (let part = 0; part < 10; part++)
      await flood(store.counting, named(`flood-${part}`, 1000));
    const run = start(program, '--prefix', 'flood', '--yes');
    await until('some to be deleted', async () => (await store.registry.size()) < 10_000);
    run.kill('SIGINT');
    const out = await new Response(run.stdout).text();
    const left = await store.registry.size();
    expect({ status: await run.exited, out }).toEqual({
      status: 130,
      out: expect.stringContaining(`${(10_000 - left).toLocaleString('en')} counters`),
    });
    expect(out).toEndWith('Run it again to continue.\n');
    expect(left).toBeGreaterThan(0);
    expect((await seenDelete(program, '--prefix', 'flood', '--yes')).out).toStartWith(
      `${left.toLocaleString('en')} counters`,
    );
    expect(await store.registry.size()).toBe(0);
  });
});

test('when Redis has no memory left, counters can be deleted, which frees memory', async () => {
  await using redis = await RedisServer.start();
  await using program = await Program.start({ SEEN_STORE_URL: redis.url, SEEN_REPLICAS: '1' });
  for (let page = 0; page < 3; page++) await program.visit(`/hit/flood/page-${page}`);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await until('Redis to refuse', async () => !(await program.ready()));
  expect(await seenDelete(program, '--prefix', 'flood/', '--yes')).toEqual({
    status: 0,
    error: '',
    out: '3 counters with 3 hits deleted.\n',
  });
});

/** A Redis with 10,000 counters, and a command that is deleting them. */
async function beginOnRedis(waitMs: string) {
  const database = await newRedis();
  const store = database.open();
  for (let part = 0; part < 10; part++) await flood(store.counting, named(`flood-${part}`, 1000));
  const program = await Program.prepare({
    SEEN_STORE_URL: database.url,
    SEEN_STORE_TIMEOUT_MS: '500',
    SEEN_WAIT_MS: waitMs,
  });
  const run = start(program, '--prefix', 'flood', '--yes');
  await until('some to be deleted', async () => (await store.registry.size()) < 10_000);
  return {
    program,
    store,
    run,
    server: database.server as DatabaseServer,
    async [Symbol.asyncDispose]() {
      run.kill('SIGKILL');
      database.server?.resume();
      await store.close();
      await program[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a deletion that loses its store reports what was deleted, and the same command continues', async () => {
  await using begun = await beginOnRedis('1000');
  const { program, store, run, server } = begun;
  server.pause();
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  server.resume();
  const left = await store.registry.size();
  expect({ status: await run.exited, error }).toEqual({
    status: 69,
    error: expect.stringMatching(/^seen: .* Run it again to continue\.\n$/),
  });
  const [, deleted = ''] = /^([\d,]+) counters with [\d,]+ hits deleted\.\n$/.exec(out) ?? [];
  // Of its last step, 25 counters, the command may have got no answer.
  expect(10_000 - left - Number(deleted.replace(',', ''))).toBeWithin(0, 26);
  expect(left).toBeGreaterThan(0);
  expect((await seenDelete(program, '--prefix', 'flood', '--yes')).out).toStartWith(
    `${left.toLocaleString('en')} counters`,
  );
});

test('a second Ctrl-C, half a second later, ends a deletion that waits for its store', async () => {
  await using begun = await beginOnRedis('60000');
  const { run, server } = begun;
  server.pause();
  // A busy machine may notice the first one late: pressed again as a person does.
  while (run.exitCode === null && run.signalCode === null) {
    run.kill('SIGINT');
    await Promise.race([run.exited, Bun.sleep(700)]);
  }
  expect(run.signalCode).toBe('SIGINT');
});

test('mistakes are reported with the correct usage', async () => {
  // None of them needs a running Seen.
  await using program = await Program.prepare();
  for (const [words, status, expected] of [
    [[], 2, 'seen delete --prefix my-site/'],
    [['my-site/page'], 2, 'seen delete --prefix my-site/'],
    [['--fewer-than', '5'], 2, '--created-since 2h --fewer-than 5'],
    [['--created-since', 'yesterday'], 2, '--created-since is not a time such as 2026-11-28'],
    [['--created-since', '2999-01-01'], 2, 'is in the future'],
    [['--prefix', 'a', '--fewer-than', '0'], 2, '--fewer-than is not a whole number above 0'],
    [['--prefix'], 2, '--prefix needs a value'],
    [['--prefix', '', '--yes'], 2, '--prefix is empty, and would select all counters'],
    [['--prefix=', '--owned', '--yes'], 2, 'use --created-since 1970-01-01 to select all'],
    [['--prefix', '', '--created-since', '2h'], 2, '--prefix is empty'],
    [['--prefix', 'a', '--every'], 2, '--every is not a flag of Seen'],
    [
      ['--prefix', 'a', '--store-url', 'sqlite:/none/such.db', '--wait-ms', '100'],
      2,
      'There is no database at',
    ],
  ] as const) {
    const { status: ended, error } = await seenDelete(program, ...words);
    expect({ words, ended, error }).toEqual({
      words,
      ended: status,
      error: expect.stringContaining(expected),
    });
  }
});

test('times can be given as people type them', () => {
  const now = Date.UTC(2026, 10, 28, 12);
  for (const [text, expected] of [
    ['2026-11-28', '2026-11-28T00:00:00.000Z'],
    ['2026-11-28T10:30', '2026-11-28T10:30:00.000Z'],
    ['2026-11-28 10:30:15', '2026-11-28T10:30:15.000Z'],
    ['2026-11-28T10:30:15.5Z', '2026-11-28T10:30:15.500Z'],
    ['2026-11-28T10:30+01:00', '2026-11-28T09:30:00.000Z'],
    ['90s', '2026-11-28T11:58:30.000Z'],
    ['30m', '2026-11-28T11:30:00.000Z'],
    ['2h', '2026-11-28T10:00:00.000Z'],
    ['3d', '2026-11-25T12:00:00.000Z'],
  ] as const) {
    expect([text, new Date(pastTime('since', text, now)).toISOString()]).toEqual([text, expected]);
  }
  for (const text of [
    '',
    '2',
    '2w',
    '-2h',
    '2026-11',
    '2026-02-30',
    '2026-11-28T25:00',
    '28.11.2026',
    '2026-11-28T13:00',
  ]) {
    expect(() => pastTime('since', text, now)).toThrow();
  }
});
