/**
 * The examples of docs/client.md, exactly as they are in the document except for the address of
 * Seen, from top to bottom in Node and Bun. Those of React: `test/browser/client.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applicationWithClient } from '../support/client-package.ts';
import { difference } from '../support/document.ts';
import { Program, ROOT } from '../support/program.ts';

const TOKEN = 'the-token-of-this-test';
/** A heading, its examples, and what each of them prints. */
const EXAMPLES = [
  ...readFileSync(join(ROOT, 'docs/client.md'), 'utf8').matchAll(
    /```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g,
  ),
].map(([, code = '', printed = '']) => ({ code, printed }));

let application: Awaited<ReturnType<typeof applicationWithClient>>;
beforeAll(async () => {
  application = await applicationWithClient();
});
afterAll(() => application[Symbol.dispose]());

for (const command of ['node', process.execPath]) {
  describe(`docs/client.md in ${command.split('/').at(-1)}`, () => {
    let program: Program;
    beforeAll(async () => {
      program = await Program.start({ SEEN_TOKEN: TOKEN });
    });
    afterAll(() => program[Symbol.asyncDispose]());

    for (const [index, { code, printed }] of EXAMPLES.entries()) {
      test(`example ${index + 1}`, async () => {
        const file = `example-${index}.mjs`;
        writeFileSync(
          join(application.path, file),
          code.replaceAll('https://seen.example.com', program.url),
        );
        const { stdout, stderr } = await Bun.$`${command} ${file}`
          .cwd(application.path)
          .env({ PATH: process.env['PATH'] ?? '', SEEN_TOKEN: TOKEN })
          .quiet()
          .nothrow();
        const shown = stdout.toString();
        expect({
          shown,
          said: stderr.toString(),
          difference: difference(printed.split('\n').filter(Boolean), shown),
        }).toEqual({ shown, said: '', difference: undefined });
      });
    }
  });
}

test('every example of the document is run', () => {
  const text = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');
  expect(EXAMPLES.length).toBe(text.match(/^```js$/gm)?.length ?? 0);
  expect(EXAMPLES.length).toBeGreaterThan(4);
});
