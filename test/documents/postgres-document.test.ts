/**
 * docs/postgresql.md, typed from top to bottom into one shell, next to a real PostgreSQL: every
 * command, and what it should show.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { Program, ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
let server: PostgresServer;
let program: Program;
let shell: Shell;

beforeAll(async () => {
  server = await PostgresServer.start();
  // The document creates them.
  await server.sql('DROP DATABASE seen', 'postgres');
  await server.sql('DROP ROLE seen', 'postgres');
  cpSync(join(ROOT, 'deploy/postgres'), join(folder.path, 'deploy/postgres'), { recursive: true });
  shell = new Shell(folder.path, {
    PATH: pathWith(folder.path, { npx: NPX }),
    ADMIN_URL: server.adminUrl,
  });
  program = await Program.prepare({
    SEEN_STORE_URL: `postgres://seen_web:change-me-too@${server.host}:${server.port}/seen`,
  });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/postgresql.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/postgresql.md'))) {
    test(title, async () => {
      if (commands.startsWith('pg_restore')) {
        // Counted after the dump: gone when it is restored.
        expect(await program.visit('/hit/my-site/page')).toBe(4);
        expect(await program.stop()).toBe(0);
      }
      if (commands.startsWith('npx seen export')) {
        const old = await Program.start({ SEEN_STORE_URL: `sqlite:${folder.path}/data/seen.db` });
        expect(await old.visit('/hit/old-site/page')).toBe(1);
        await old[Symbol.asyncDispose]();
      }
      const typed = commands
        .replaceAll('localhost:5432', `localhost:${server.port}`)
        .replaceAll('localhost:8000', new URL(program.url).host);
      const shown = await shell.type(typed);
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
      if (commands.includes('counting-role.sql')) {
        // A role that may only count can start Seen.
        await program.start();
        for (const wanted of [1, 2, 3])
          expect(await program.visit('/hit/my-site/page')).toBe(wanted);
      }
      if (commands.startsWith('pg_restore')) {
        await shell.type(
          `psql -q --set role=seen_web --file deploy/postgres/counting-role.sql postgres://seen:change-me@localhost:${server.port}/seen`,
        );
        await program.start();
      }
      if (commands.startsWith('curl')) expect(shown.trim()).toBe('{"value":3}');
      if (commands.startsWith('npx seen export')) {
        expect(await program.visit('/hit/old-site/page')).toBe(2);
      }
    });
  }
});
