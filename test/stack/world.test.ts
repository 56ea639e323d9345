/** A run leaves nothing behind, however it ends. */
import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';

const folder = temporaryFolder();
let run: Bun.Subprocess<'ignore', 'pipe', 'inherit'> | undefined;

afterEach(() => run?.kill('SIGKILL'));
afterAll(() => folder[Symbol.dispose]());

/**
 * A run in a world inside of this one, with an engine and a container's cgroup; goes on until it
 * is ended.
 */
async function begin(end: string): Promise<void> {
  const inside = `
    import { mkdirSync } from 'node:fs';
    import { cgroupOf } from '${ROOT}/test/stack/support/world.ts';
    import { Node } from '${ROOT}/test/stack/support/node.ts';
    const node = new Node(7);
    await node.start();
    for (const tree of ['/sys/fs/cgroup', '/sys/fs/cgroup/pids']) {
      try { mkdirSync(tree + '/' + cgroupOf('node7') + '/container', { recursive: true }); } catch {}
    }
    console.log('up');
    ${end}`;
  const outside = `
    import { inWorld } from '${ROOT}/test/stack/support/world.ts';
    process.exit(await inWorld([process.execPath, '-e', ${JSON.stringify(inside)}]));`;
  run = Bun.spawn([process.execPath, '-e', outside], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder.path },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  for await (const chunk of run.stdout) if (new TextDecoder().decode(chunk).includes('up')) break;
  expect(readdirSync(folder.path)).toHaveLength(1);
  expect(await engines()).toBeGreaterThan(0);
}

/** Processes that have to do with runs of this test. */
async function engines(): Promise<number> {
  return (await Bun.$`pgrep -cf ${folder.path}/seen-stack-`.nothrow().text().then(Number)) || 0;
}

async function expectNothingLeft(): Promise<void> {
  await until('the folder to go', () => readdirSync(folder.path).length === 0);
  await until('every process to end', async () => (await engines()) === 0);
  const cgroups = await Bun.$`find /sys/fs/cgroup -type d -path ${'*/seen-stack-*-node7*'}`.text();
  expect(cgroups).toBe('');
}

describe('a run of the stack tests', () => {
  test('that ends by itself leaves nothing behind, and has the status of its command', async () => {
    await begin('process.exit(3);');
    expect(await run?.exited).toBe(3);
    await expectNothingLeft();
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`that is ended by ${signal} leaves nothing behind behind`, async () => {
      await begin('await new Promise(() => setInterval(() => undefined, 1000));');
      run?.kill(signal);
      await run?.exited;
      await expectNothingLeft();
    });
  }
});

test('the stack tests do not start outside of a world', async () => {
  const env = { ...process.env };
  delete env['STACK_TEST_FOLDER'];
  const alone =
    await Bun.$`${process.execPath} -e ${`import { worldFolder } from '${join(ROOT, 'test/stack/support/world.ts')}'; worldFolder();`}`
      .env(env)
      .quiet()
      .nothrow();
  expect(alone.exitCode).not.toBe(0);
  expect(alone.stderr.toString()).toContain('npm run test:stack');
});
