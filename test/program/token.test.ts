/** `seen token`, run as users do next to a running Seen. */
import { expect, test } from 'bun:test';
import { MAIN, Program } from '../support/program.ts';
import { Proxy } from '../support/proxy.ts';
import { RedisServer } from '../support/redis-server.ts';
import { forEachStore } from '../support/stores/stores.ts';

const seen = (...words: readonly string[]) => [process.execPath, MAIN, 'token', ...words];

async function seenToken(program: Program, ...words: string[]) {
  const run = Bun.spawn(seen(...words), {
    env: { ...program.environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  return { status: await run.exited, out, error };
}

const set = async (program: Program, path: string, token: string) =>
  (
    await fetch(`${program.url}/api/v1/${path}`, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{"value":7}',
    })
  ).status;

forEachStore((newDatabase) => {
  test('a counter gets a new token, and the previous one stops working', async () => {
    await using database = await newDatabase();
    await using program = await Program.start({ SEEN_STORE_URL: database.url });
    const made = await fetch(`${program.url}/api/v1/counters`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"name":"my-site/page"}',
    });
    const { token: before } = (await made.json()) as { token: string };
    expect(await set(program, 'counters/my-site/page', before)).toBe(200);
    const { status, out } = await seenToken(program, 'my-site/page');
    expect({ status, out }).toEqual({
      status: 0,
      out: expect.stringMatching(/^seen_[\w-]{43}~my-site\/page\n$/),
    });
    expect(await set(program, 'counters/my-site/page', before)).toBe(401);
    expect(await set(program, 'counters/my-site/page', out.trim())).toBe(200);
    const own = await seenToken(program, 'hits');
    expect(own.out).toEndWith('~hits\n');
    expect(await set(program, 'default', own.out.trim())).toBe(200);
  });
});

test('a token that cannot be printed is no success, and running the command again gives another', async () => {
  await using program = await Program.start({ SEEN_REPLICAS: '1' });
  await program.visit('/hit/my-site/page');
  const run = Bun.spawn(['sh', '-c', 'exec "$@" > /dev/full', 'sh', ...seen('my-site/page')], {
    env: { ...program.environment },
    stdin: 'ignore',
    stderr: 'pipe',
  });
  const error = await new Response(run.stderr).text();
  expect({ status: await run.exited, error }).toEqual({
    status: 74,
    error: expect.stringMatching(
      /^seen: The output could not be written: no space left on device\..* Run the command again\.\n$/,
    ),
  });
  expect(await seenToken(program, 'my-site/page')).toMatchObject({ status: 0, error: '' });
});

test('while the store hangs it is unknown whether the old token works, and the command says so', async () => {
  await using redis = await RedisServer.start();
  await using program = await Program.start({
    SEEN_STORE_URL: redis.url,
    SEEN_STORE_TIMEOUT_MS: '200',
    SEEN_WAIT_MS: '500',
    SEEN_REPLICAS: '1',
  });
  await program.visit('/hit/my-site/page');
  await using proxy = await Proxy.start(redis.port);
  proxy.fault = {
    // Redis does it, and nothing more is heard of Redis.
    loseRequest: (bytes) => {
      if (bytes.includes('change')) proxy.fault = { swallow: 'answers' };
      return false;
    },
  };
  expect(await seenToken(program, 'my-site/page', '--store-url', proxy.url)).toEqual({
    status: 69,
    out: '',
    error: expect.stringContaining(
      'The old token of my-site/page may no longer work. Run the command again for a new one.',
    ),
  });
});

test('mistakes are reported with the correct usage', async () => {
  await using program = await Program.start();
  for (const [words, status, expected] of [
    [[], 2, 'seen token my-site/front-page'],
    [['nobody/knows'], 1, 'There is no counter nobody/knows'],
    [['a/b'], 2, 'is not a valid name'],
    [['hits', '--store'], 2, '--store is not a flag of Seen'],
    [['hits', '--store-url', 'sqlite:/none/such.db'], 2, 'There is no database at /none/such.db'],
  ] as const) {
    const { status: ended, error } = await seenToken(
      program,
      ...words,
      ...(words.includes('--store-url' as never) ? ['--wait-ms', '100'] : []),
    );
    expect({ words, ended, error }).toEqual({
      words,
      ended: status,
      error: expect.stringContaining(expected),
    });
  }
});
