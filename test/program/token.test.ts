/** `seen token`, run as users do next to a running Seen. */
import { expect, test } from 'bun:test';
import { MAIN, Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

async function seenToken(program: Program, ...words: string[]) {
  const run = Bun.spawn([process.execPath, MAIN, 'token', ...words], {
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
