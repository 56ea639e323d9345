/**
 * CONTRIBUTING.md and docs/bench.md: runs every command in a clone in an empty folder, shortened
 * where it takes minutes, and checks what it prints.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Clone, commandsIn } from '../support/clone.ts';
import { ROOT } from '../support/program.ts';
import { suites } from '../support/suites.ts';

let clone: Clone;

beforeAll(async () => {
  clone = await Clone.create();
  // The programs of this checkout, for speed: README.md's test installs them in a clone.
  symlinkSync(join(ROOT, 'node_modules'), join(clone.path, 'node_modules'));
});

afterAll(async () => {
  await clone?.[Symbol.asyncDispose]();
});

const run = (command: string) => clone.run(command);

/** That `npm test -- WORDS` runs these files and no others; without running them. */
function chooses(words: readonly string[], files: readonly string[]): void {
  expect(suites(words).flatMap((suite) => suite.files)).toEqual([...files]);
}

const QUICK_BENCH =
  "npm run bench -- --rounds 1 --seconds 1 --warm 0 --only 'Seen on SQLite: GET /, 64'";

/** How each command is run, and what it must show. */
const COMMANDS: Readonly<Record<string, () => unknown>> = {
  [QUICK_BENCH]: async () => expect(await run(QUICK_BENCH)).toContain('| Seen on SQLite |'),
  // Its page is written elsewhere: the documents here are what is tested.
  'npm run bench -- --page docs/bench.md --readme README.md': async () => {
    await run('cp README.md copy.md');
    await run(`${QUICK_BENCH} --page copy/bench.md --readme copy.md`);
    const [page, readme] = [await run('cat copy/bench.md'), await run('cat copy.md')];
    expect(page).toContain(
      '![CPU time per visit of each service, its store included](bench/services.svg)',
    );
    expect(await run('cat copy/bench/services.svg')).toContain('<svg');
    const row = /^\| Seen on SQLite \|.*$/m.exec(page)?.[0] ?? 'no row';
    // The README leaves out the ratio to the minimal program.
    expect(readme).toContain(row.split(' | ').toSpliced(3, 1).join(' | '));
  },
  'npm run test:faults -- --for 60s': async () =>
    expect(await run('npm run test:faults -- --for 5s --seed 7')).toContain(
      'No promise was broken',
    ),
  'npm run test:floods -- --for 60s': async () =>
    expect(
      await run('npm run test:floods -- --for 3s --store sqlite --addresses known'),
    ).toContain('Nothing was filled.'),
  'npx bun bench/neighbours.ts': async () =>
    expect(
      await run('npx bun bench/neighbours.ts --store SQLite --seconds 1 --only /page.css'),
    ).toContain('SQLite: 1 routes, 100 requests/s on each'),
  'npx bun bench/soak.ts --for 60m': async () =>
    expect(await run('npx bun bench/soak.ts --for 20s')).toContain('\nRight: every check held.\n'),
  'npx bun test/simulation/run.ts --store redis --seeds 1000': async () =>
    expect(await run('npx bun test/simulation/run.ts --store redis --seeds 50')).toContain(
      '50 histories on redis',
    ),
  'npx bun test/simulation/run.ts --store redis 25': async () =>
    expect(await run('npx bun test/simulation/run.ts --store redis 25')).toContain(
      'nothing is wrong',
    ),
  'npx bun test/simulation/mutants.ts window': async () =>
    expect(await run('npx bun test/simulation/mutants.ts drain')).toContain(', 0 live'),
  // CI runs these in a clone, before all tests.
  'npm ci': async () => expect(await run('cat .ci/run')).toContain('\nnpm ci\n'),
  'npm run check': async () => expect(await run('cat .ci/run')).toContain('\nnpm run check\n'),
  'npm test': async () =>
    expect(await run('npm test -- test/unit/counter/name.test.ts')).toEndWith(
      '3 passed, 0 failed\n',
    ),
  // `npm test -- all` runs these, too, and `npm test` above shows that arguments select files.
  'npm test -- unit/counter': () =>
    chooses(
      ['unit/counter'],
      [...new Bun.Glob('test/unit/counter/**/*.test.ts').scanSync(ROOT)].toSorted(),
    ),
  'npm test -- guard': () => chooses(['guard'], ['bench/guard.test.ts']),
  'npm run test:browser': () =>
    expect(suites(['browser']).flatMap((suite) => suite.files)).toContain(
      'test/browser/page.test.ts',
    ),
  'npm run test:stack -- guide': () => chooses(['stack', 'guide'], ['test/stack/guide.test.ts']),
};

const documents = ['CONTRIBUTING.md', 'docs/bench.md'].map((document) => ({
  document,
  commands: commandsIn(document),
}));

for (const { document, commands } of documents) {
  describe(document, () => {
    test('has commands', () => expect(commands.length).toBeGreaterThan(1));

    for (const command of commands) {
      test(command, async () => {
        const show = COMMANDS[command];
        if (!show)
          throw new Error(
            `“${command}” stands in ${document}, and no test runs it: add it to COMMANDS.`,
          );
        await show();
      });
    }
  });
}

test('each command that is tested stands in one of them', () => {
  expect(documents.flatMap(({ commands }) => commands)).toEqual(
    expect.arrayContaining(Object.keys(COMMANDS)),
  );
});
