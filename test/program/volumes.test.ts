/**
 * No two databases of the stack run on one volume. When a node is reachable again, Swarm starts a
 * new task there while the old one still runs, in a container that does not see the other's
 * processes. etcd locks its files by itself.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Starts a command twice; the second begins its work only when the first has ended. */
async function takeTurns(
  command: readonly string[],
  works: (output: string) => boolean,
): Promise<void> {
  const start = () => {
    const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
    const said = { text: '' };
    void (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of child.stdout) said.text += decoder.decode(bytes);
    })();
    return { child, said };
  };
  const first = start();
  await until('the first to work', () => works(first.said.text));
  const second = start();
  try {
    // Much longer than the first one took.
    await Bun.sleep(1000);
    expect(second.said.text).toBe('');
    first.child.kill('SIGTERM');
    await first.child.exited;
    await until('the second to work', () => works(second.said.text));
  } finally {
    first.child.kill('SIGKILL');
    second.child.kill('SIGTERM');
    await second.child.exited;
  }
}

test('Redis', async () => {
  using folder = temporaryFolder();
  const stack = Bun.YAML.parse(read('docker-compose.yml')) as {
    readonly services: { readonly redis: { readonly command: string } };
  };
  const [, script] = /^sh -fc '([^']*)'$/.exec(stack.services.redis.command.trim()) ?? [];
  const server = `redis-server --dir ${folder.path} --port ${await freePort()}`;
  const here = script?.replaceAll('/data/', `${folder.path}/`).replace('redis-server', server);
  expect(here).toContain(folder.path);
  await takeTurns(['sh', '-fc', here ?? ''], (output) => output.includes('Ready to accept'));
});

test('PostgreSQL', async () => {
  using folder = temporaryFolder();
  const [, entry = '[]'] =
    /^ENTRYPOINT (\[.*"patroni".*\])$/m.exec(read('deploy/postgres/Dockerfile')) ?? [];
  const { postgresql } = Bun.YAML.parse(read('deploy/postgres/patroni.yml')) as {
    readonly postgresql: { readonly data_dir: string };
  };
  const command = JSON.parse(entry) as readonly string[];
  expect(command).toEqual(['flock', '--no-fork', postgresql.data_dir, 'patroni', '/etc/seen']);
  const program = ['sh', '-c', 'echo works; exec sleep 60'];
  await takeTurns([...command.slice(0, 2), folder.path, ...program], (output) => output !== '');
});
