/**
 * docs/redis-cluster.md, typed from top to bottom into one shell, next to six servers of a Redis
 * Cluster and a single Redis: every command, and what it should show.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { RedisClusterServers } from '../support/redis-cluster.ts';
import { RedisServer } from '../support/redis-server.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
let cluster: RedisClusterServers;
let single: RedisServer;
let shell: Shell;

beforeAll(async () => {
  cluster = await RedisClusterServers.start(3, { replicas: 1, apart: true });
  single = await RedisServer.start();
  await using old = await Program.start({ SEEN_STORE_URL: single.url });
  expect(await old.visit('/hit/my-site/page')).toBe(1);
  shell = new Shell(folder.path, { PATH: pathWith(folder.path, { npx: NPX }) });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await single[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The commands with the addresses of the servers of this test. */
function addressed(commands: string): string {
  const named = commands.replaceAll('redis://redis:6379', single.url);
  return named.replaceAll(/redis-(\d):6379/g, (_, number: string) => {
    const server = cluster.servers[Number(number) - 1];
    return `${server?.host}:${server?.port}`;
  });
}

describe('docs/redis-cluster.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/redis-cluster.md'))) {
    test(title, async () => {
      const shown = await shell.type(addressed(commands));
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
      if (commands.includes('--cluster create')) await cluster.settled();
    });
  }

  test('the counter continues on the cluster', async () => {
    await using program = await Program.start({ SEEN_STORE_URL: cluster.url });
    expect(await program.visit('/hit/my-site/page')).toBe(2);
  });
});
