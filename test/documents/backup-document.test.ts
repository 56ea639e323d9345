/**
 * docs/backup.md, run from top to bottom in one shell, next to a running Seen: every command,
 * compared with its documented output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const TOKEN = 'the-installation-s-own-token';
const folder = temporaryFolder();
let program: Program;
let shell: Shell;

beforeAll(async () => {
  program = await Program.start({ SEEN_TOKEN: TOKEN });
  symlinkSync(dirname(program.database), join(folder.path, 'data'));
  shell = new Shell(folder.path, {
    PATH: pathWith(folder.path, { npx: NPX }),
    SEEN_TOKEN: TOKEN,
  });
  for (const wanted of [1, 2, 3]) expect(await program.visit('/hit/my-site/page')).toBe(wanted);
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/backup.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/backup.md'))) {
    test(title, async () => {
      const restores = commands.includes('cp seen-backup.db');
      if (restores) {
        // Counted after the copy: gone when it is restored.
        expect(await program.visit('/hit/my-site/page')).toBe(4);
        expect(await program.stop()).toBe(0);
      }
      const typed = commands.replaceAll('localhost:8000', new URL(program.url).host);
      const shown = await shell.type(typed);
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
      if (commands.includes('/get/')) expect(shown.trim()).toBe('{"value":3}');
      if (restores) await program.start();
    });
  }
});
