/** docs/upgrade.md, run from top to bottom in one shell, next to a running Seen. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NPX, pathWith } from '../support/bin.ts';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
let program: Program;
let shell: Shell;

beforeAll(async () => {
  program = await Program.start();
  symlinkSync(dirname(program.database), join(folder.path, 'data'));
  shell = new Shell(folder.path, { PATH: pathWith(folder.path, { npx: NPX }) });
  await program.visit();
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/upgrade.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/upgrade.md'))) {
    test(title, async () => {
      const shown = await shell.type(
        commands.replaceAll('localhost:8000', new URL(program.url).host),
      );
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
    });
  }
});
