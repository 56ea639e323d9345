/**
 * `npm test`: makes sure of the system's programs that the tests use, runs them, and closes with one line
 * `N passed, N failed`.
 *
 * Without more it runs all but the stack's tests, which need root and bring up a Swarm. `npm test -- all` runs these too,
 * `npm run test:stack` these alone. Other words choose the files whose paths contain one of them, and what begins with a dash
 * goes to the test runner.
 */
import { join } from 'node:path';
import { temporaryFolder } from './support/folder.ts';
import { provide } from './support/programs.ts';
import { type Suite, suites } from './support/suites.ts';

/** Runs a suite; answers how many tests passed and failed, and whether all is well. */
async function runSuite({ files, timeoutMs, run }: Suite, flags: readonly string[]) {
  using folder = temporaryFolder();
  const report = join(folder.path, 'report.xml');
  const status = await run([
    process.execPath,
    'test',
    `--timeout=${timeoutMs}`,
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...flags,
    ...files.map((file) => `./${file}`),
  ]);
  const xml = await Bun.file(report)
    .text()
    .catch(() => '');
  const totals = /<testsuites [^>]*tests="(\d+)"[^>]*failures="(\d+)"[^>]*skipped="(\d+)"/.exec(xml);
  const [tried, failed, skipped] = [1, 2, 3].map((at) => Number(totals?.[at] ?? 0)) as [
    number,
    number,
    number,
  ];
  return { passed: tried - failed - skipped, failed, fine: status === 0 && tried > 0 };
}

async function main(args: readonly string[]): Promise<number> {
  const dash = args.findIndex((arg) => arg.startsWith('-'));
  const words = dash === -1 ? args : args.slice(0, dash);
  const chosen = suites(words);
  if (chosen.length === 0) {
    process.stderr.write(`No test file has ${words.join(' or ')} in its path. They are in test/.\n`);
    return 1;
  }
  const missing = await provide(chosen.flatMap(({ programs }) => programs));
  if (missing.length > 0) {
    process.stderr.write(
      `Install these with the system's package manager, then run npm test again: ${missing.join(', ')}\n`,
    );
    return 1;
  }
  let [passed, failed, fine] = [0, 0, true];
  for (const suite of chosen) {
    const result = await runSuite(suite, dash === -1 ? [] : args.slice(dash));
    passed += result.passed;
    failed += result.failed;
    fine &&= result.fine;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return fine ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
