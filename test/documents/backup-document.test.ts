/**
 * docs/backup.md, run from top to bottom in one shell, next to a running Seen on SQLite and one on
 * Redis: every command, compared with its documented output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { freePort, temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { find } from '../support/programs.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { Shell } from '../support/shell.ts';

const TOKEN = 'the-installation-s-own-token';
const PAGE = '/hit/my-site/page';
const folder = temporaryFolder();
/** The folder of Redis; `/var/lib/redis` in the document. */
const data = join(folder.path, 'redis');
let redis: RedisServer;
/** The port of the Redis that reads the copy; 6390 in the document. */
let second: number;
let onSqlite: Program;
let onRedis: Program;
let shell: Shell;

beforeAll(async () => {
  mkdirSync(data);
  redis = await RedisServer.start({ ...SAFE, dir: data });
  second = await freePort();
  onSqlite = await Program.start({ SEEN_TOKEN: TOKEN });
  onRedis = await Program.start({ SEEN_TOKEN: TOKEN, SEEN_STORE_URL: redis.url });
  symlinkSync(dirname(onSqlite.database), join(folder.path, 'data'));
  shell = new Shell(folder.path, {
    PATH: pathWith(folder.path, {
      npx: NPX,
      'redis-cli': `exec ${find('redis-cli')} -p ${redis.port} "$@"`,
      'redis-server': `exec ${find('redis-server')} "$@"`,
    }),
    SEEN_TOKEN: TOKEN,
  });
  for (const program of [onSqlite, onRedis])
    for (const wanted of [1, 2, 3]) expect(await program.visit(PAGE)).toBe(wanted);
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await onSqlite[Symbol.asyncDispose]();
  await onRedis[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/backup.md', () => {
  for (const { title, heading, commands, expected } of stepsOf(join(ROOT, 'docs/backup.md'))) {
    test(title, async () => {
      const program = heading.startsWith('Redis') ? onRedis : onSqlite;
      const begins = /^(mkdir data\/before|redis-cli SHUTDOWN)/.test(commands);
      if (begins) {
        // Counted after the copy: gone when it is restored.
        expect(await program.visit(PAGE)).toBe(4);
        expect(await program.stop()).toBe(0);
      }
      const typed = commands
        .replaceAll('localhost:8000', new URL(program.url).host)
        .replaceAll('/var/lib/redis', data)
        .replaceAll('6390', `${second}`);
      const shown = await shell.type(typed);
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
      if (commands.includes('/get/')) expect(shown.trim()).toBe('{"value":3}');
      const ends = /cp seen-backup.db|cp -r restored/.test(commands);
      if (ends && program === onRedis) await redis.start();
      if (ends) await program.start();
    });
  }
});
