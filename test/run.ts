/**
 * `npm test`: installs the system's programs that the tests need, runs the tests, and ends with
 * the files that took longest, the failures, and one line `N passed, N failed`.
 *
 * Without arguments it runs for some minutes and leaves out the long tests (`LONG` in
 * support/suites.ts), the simulation, those of the stack, which need root and start a Swarm, those
 * in a browser, and the guard against slowness, which needs the machine for itself. `npm test --
 * all` runs everything, `npm run test:stack` and `npm run test:browser` run these alone. Other
 * words select the files whose paths contain one of them, and arguments that begin with a dash go
 * to the test runner.
 */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { writeProgram } from '../build/program.ts';
import { describeClient } from './stack/support/client.ts';
import { askKernel, describeKernel } from './stack/support/kernel.ts';
import { inWorld, type Output } from './stack/support/world.ts';
import { temporaryFolder } from './support/folder.ts';
import { PROGRAM, preparedFolder } from './support/prepared.ts';
import { provide } from './support/programs.ts';
import { type Report, readReport } from './support/report.ts';
import { type Lane, rounds, type Suite, suites } from './support/suites.ts';

/** A slow file takes longer than this; so many of them are named. */
const SLOW_S = 10;
const SLOWEST = 40;

/** What came of a suite, and whether all is well. */
interface Result extends Report {
  readonly fine: boolean;
}

/** Runs the lanes of a round side by side; what they say is said one after the other. */
async function runRound(round: readonly Lane[], flags: readonly string[]): Promise<Result[]> {
  using folder = temporaryFolder();
  const running = round.map(async (lane, index) => {
    const path = join(folder.path, `output-${index}`);
    // The first one is seen as it goes.
    const output = index === 0 ? ('inherit' as const) : openSync(path, 'a');
    const results: Result[] = [];
    for (const suite of lane) results.push(await runSuite(suite, flags, output));
    return { results, said: index === 0 ? '' : await Bun.file(path).text() };
  });
  const ended = await Promise.all(running);
  for (const { said } of ended) process.stdout.write(said);
  return ended.flatMap(({ results }) => results);
}

/** The files that took longest, a line each; nothing where none was slow. */
function slowest(files: Report['files']): string {
  return files
    .filter(({ seconds }) => seconds > SLOW_S)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(({ file, seconds }) => `${seconds.toFixed(0).padStart(5)} s  ${file}\n`)
    .join('');
}

async function runSuite(
  { files, atOnce, timeoutMs, run }: Suite,
  flags: readonly string[],
  output: Output,
): Promise<Result> {
  using folder = temporaryFolder();
  const report = join(folder.path, 'report.xml');
  const command = [
    process.execPath,
    'test',
    `--timeout=${timeoutMs}`,
    ...(atOnce > 1 && files.length > 1 ? [`--parallel=${atOnce}`] : []),
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...flags,
    ...files.map((file) => `./${file}`),
  ];
  const status = await run(command, output);
  const said = readReport(
    await Bun.file(report)
      .text()
      .catch(() => ''),
  );
  return { ...said, fine: status === 0 && said.tried > 0 };
}

async function main(args: readonly string[]): Promise<number> {
  const dash = args.findIndex((arg) => arg.startsWith('-'));
  const words = dash === -1 ? args : args.slice(0, dash);
  const chosen = suites(words);
  if (chosen.length === 0) {
    process.stderr.write(
      `No test file has ${words.join(' or ')} in its path. They are in test/.\n`,
    );
    return 1;
  }
  const missing = [...new Set(await provide(chosen.flatMap(({ programs }) => programs)))];
  if (missing.length > 0) {
    // Chosen files may need none of them, as most of test/unit/, also on systems that lack them.
    const byWords = words.length > 0 && !['all', 'stack', 'browser'].includes(words[0] ?? '');
    process.stderr.write(
      `Install these with the system's package manager${byWords ? '; tests that need them fail without' : ', then run npm test again'}: ${missing.join(', ')}\n`,
    );
    if (!byWords) return 1;
  }
  if (chosen.some(({ run }) => run === inWorld)) {
    process.stdout.write(`${describeKernel(await askKernel())}\n${describeClient()}\n`);
  }
  using folder = preparedFolder();
  // Few of the others start it.
  if (chosen.some(({ files }) => files.some((file) => !file.startsWith('test/unit/'))))
    await writeProgram(join(folder.path, PROGRAM));
  const results: Result[] = [];
  for (const round of rounds(words))
    results.push(...(await runRound(round, dash === -1 ? [] : args.slice(dash))));
  process.stdout.write(slowest(results.flatMap(({ files }) => files)));
  for (const failure of results.flatMap(({ failures }) => failures))
    process.stdout.write(`(fail) ${failure}\n`);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return results.every(({ fine }) => fine) ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
