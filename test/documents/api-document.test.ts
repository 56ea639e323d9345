/**
 * docs/api.md, run from top to bottom in one shell, next to a running Seen: every command,
 * compared with its documented output.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { difference, stepsOf } from '../support/document.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, ROOT } from '../support/program.ts';
import { Shell } from '../support/shell.ts';

const TOKEN = 'the-token-of-this-test';
const LIMITED = { SEEN_REQUESTS_PER_MINUTE: '600', SEEN_NEW_COUNTERS_PER_DAY: '100' };
const folder = temporaryFolder();
const steps = stepsOf(join(ROOT, 'docs/api.md'));
let program: Program;
let shell: Shell;

beforeAll(async () => {
  program = await Program.start({ SEEN_TOKEN: TOKEN, ...LIMITED });
  shell = new Shell(folder.path, { PATH: process.env['PATH'] ?? '', SEEN_TOKEN: TOKEN });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Types commands, and answers what is printed until they have ended. */
function type(commands: string, { url }: Program): Promise<string> {
  return shell.type(commands.replaceAll('localhost:8000', new URL(url).host));
}

/**
 * The same where nobody has made a counter, so that the next one is a whole share away; a single
 * replica shares its store with nobody.
 */
async function typeAtFresh(commands: string): Promise<string> {
  await using fresh = await Program.start({ ...LIMITED, SEEN_REPLICAS: '1' });
  return await type(commands, fresh);
}

describe('docs/api.md', () => {
  for (const { title, heading, commands, expected } of steps) {
    test(title, async () => {
      const shown = await (heading === 'Limits' ? typeAtFresh(commands) : type(commands, program));
      expect({ shown, difference: difference(expected, shown) }).toEqual({
        shown,
        difference: undefined,
      });
    });
  }

  test('names every route', async () => {
    const { paths } = (await (await fetch(`${program.url}/openapi.json`)).json()) as {
      paths: object;
    };
    const document = await Bun.file(join(ROOT, 'docs/api.md')).text();
    for (const path of Object.keys(paths)) {
      const shape = path.replace('{namespace}', '[\\w-]+').replace('{key}', '[\\w-]+');
      expect(document).toMatch(new RegExp(`localhost:8000${shape}[\\s?']`));
    }
  });
});
