/**
 * docs/import.md, run from top to bottom in one shell, next to a running Seen and a Redis: every
 * command, compared with its documented output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
let program: Program;
let redis: RedisServer;
let shell: Shell;

beforeAll(async () => {
  program = await Program.start();
  redis = await RedisServer.start();
  shell = new Shell(folder.path, {
    PATH: pathWith(folder.path, {
      npx: NPX,
      'redis-cli': `exec ${Bun.which('redis-cli')} -p ${redis.port} "$@"`,
    }),
    SEEN_STORE_URL: `sqlite:${program.database}`,
  });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/import.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/import.md'))) {
    test(title, async () => {
      const typed = commands
        .replaceAll('localhost:8000', new URL(program.url).host)
        .replaceAll('localhost:6379', `localhost:${redis.port}`);
      const shown = (await shell.type(typed)).replaceAll(
        `localhost:${redis.port}`,
        'localhost:6379',
      );
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
    });
  }
});
