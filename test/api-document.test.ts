/** docs/api.md, typed from top to bottom into one shell, next to a Seen that runs: every command, and what it should show. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { firstMissing, stepsOf } from './support/document.ts';
import { temporaryFolder } from './support/folder.ts';
import { Program, ROOT } from './support/program.ts';

const TOKEN = 'the-token-of-this-test';
const folder = temporaryFolder();
const steps = stepsOf(join(ROOT, 'docs/api.md'));
let program: Program;
let shell: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
let said: AsyncIterator<string>;

beforeAll(async () => {
  program = await Program.start({
    SEEN_TOKEN: TOKEN,
    SEEN_REQUESTS_PER_MINUTE: '600',
    SEEN_NEW_COUNTERS_PER_DAY: '100',
  });
  shell = Bun.spawn(['bash', '--norc'], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', SEEN_TOKEN: TOKEN },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  said = lines(shell.stdout);
});

afterAll(async () => {
  await shell.stdin.end();
  await shell.exited;
  await program[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    yield* whole;
  }
}

/** Types commands, and answers what is printed until they have ended. */
async function type(commands: string): Promise<string> {
  const end = `end-${crypto.randomUUID()}`;
  const { host } = new URL(program.url);
  await shell.stdin.write(`${commands.replaceAll('localhost:8000', host)}\necho; echo ${end}\n`);
  await shell.stdin.flush();
  const shown: string[] = [];
  for (;;) {
    const { value, done } = await said.next();
    if (done || value === end) return shown.join('\n');
    shown.push(value);
  }
}

describe('docs/api.md', () => {
  for (const { title, commands, expected } of steps) {
    test(title, async () => {
      const shown = await type(commands);
      expect({ shown, missing: firstMissing(expected, shown) }).toEqual({ shown, missing: undefined });
    });
  }

  test('names every route that there is', async () => {
    const { paths } = (await (await fetch(`${program.url}/openapi.json`)).json()) as { paths: object };
    const document = await Bun.file(join(ROOT, 'docs/api.md')).text();
    for (const path of Object.keys(paths)) {
      const shape = path.replace('{namespace}', '[\\w-]+').replace('{key}', '[\\w-]+');
      expect(document).toMatch(new RegExp(`localhost:8000${shape}[\\s?']`));
    }
  });
});
