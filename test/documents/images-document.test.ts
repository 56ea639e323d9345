/**
 * docs/images.md, run from top to bottom in one shell, next to a running Seen: every command,
 * compared with its documented output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const folder = temporaryFolder();
let program: Program;
let shell: Shell;

beforeAll(async () => {
  program = await Program.start();
  shell = new Shell(folder.path, { PATH: process.env['PATH'] ?? '' });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('docs/images.md', () => {
  for (const { title, commands, expected } of stepsOf(join(ROOT, 'docs/images.md'))) {
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
