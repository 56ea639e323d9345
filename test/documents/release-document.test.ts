/**
 * docs/release.md and SECURITY.md: the commands and links in them. The whole release check, which
 * includes these tests, is run by whoever releases.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsIn } from '../support/clone.ts';
import { ROOT } from '../support/program.ts';

const DOCUMENT = 'docs/release.md';
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Runs a command in the project's folder, and returns its status and what it printed. */
async function run(command: string): Promise<{ status: number; out: string }> {
  const { exitCode, stdout } = await Bun.$`sh -c ${command}`.cwd(ROOT).quiet().nothrow();
  return { status: exitCode, out: stdout.toString() };
}

/** How each command is run, and what it must show. */
const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  'npm run release:check': async () => {
    const { status, out } = await run('npm run --silent release:check -- --only none');
    // It names its steps, which are those of the document's table.
    const steps = /The steps are (.*)\./.exec(out)?.[1]?.split(', ') ?? [];
    const rows = [...read(DOCUMENT).matchAll(/^\| `(\w+)` \|/gm)].map(([, step = '']) => step);
    expect({ status, steps }).toEqual({ status: 2, steps: rows });
  },
  'npm run release:check -- --only versions': async () => {
    const { out } = await run('npm run --silent release:check -- --only versions');
    expect(out).toMatch(/^versions {2}(ok|FAILED) /);
  },
  'npm run release:check -- --all': async () => {
    const { status, out } = await run(
      'npm run --silent release:check -- --all --only versions --tag v0.0.0',
    );
    expect({ status, out }).toEqual({ status: 1, out: expect.stringContaining('FAILED') });
  },
};

describe(DOCUMENT, () => {
  const commands = commandsIn(DOCUMENT);

  test('has the commands that are tested', () => {
    expect(commands.toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  });

  for (const [command, show] of Object.entries(COMMANDS)) test(command, show);

  test('names a command that prints the notes of a version that is in the changelog', async () => {
    expect(read(DOCUMENT)).toContain('`npm run --silent release:notes -- 1.2.3`');
    const missing = await run('npm run --silent release:notes -- 0.0.0');
    expect(missing).toEqual({ status: 1, out: '' });
  });
});

for (const file of [DOCUMENT, 'SECURITY.md']) {
  test(`${file} links to files that exist, and to invariants that ARCHITECTURE.md has`, () => {
    const text = read(file);
    const folder = join(ROOT, file, '..');
    const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([]);
    const invariants = [...text.matchAll(/\bI\d+\b/g)].map(([name]) => name);
    const known = [...read('ARCHITECTURE.md').matchAll(/^\| (I\d+) \|/gm)].map(([, name]) => name);
    expect(known).toEqual(expect.arrayContaining(invariants));
  });
}
