/**
 * `npm run release:check`: everything that a release needs except publishing. It prints a line for
 * each step, and ends with 1 at the first that fails, with what to do.
 *
 *   --only versions,tree   only these steps, in the order of `steps`
 *   --all                  all tests and the executables for all systems, not a selection
 *   --tag v1.2.3           the tag must name the version, as in the release workflow
 *
 * docs/release.md has the rest.
 */
import { parseArgs } from 'node:util';
import { checkBinary } from './binary.ts';
import { command, npmRun, ROOT } from './command.ts';
import { checkImage } from './image.ts';
import { checkPackage } from './package.ts';
import { runSteps, type Step, StepError } from './step.ts';
import { checkVersions, versionOf } from './versions.ts';

/** Nothing that is not committed may get into a release. */
async function checkTree(): Promise<string> {
  const changed = await command(['git', 'status', '--porcelain'], {
    advice: 'Run it in a clone of the project.',
  });
  if (changed === '') return 'nothing differs from the last commit';
  throw new StepError(
    `these files differ from the last commit:\n${changed.trimEnd()}`,
    'Commit them, or put them away: git stash --include-untracked.',
  );
}

/** All steps, in their order: the quick ones first. */
function steps(all: boolean, tag: string | undefined): Step[] {
  const version = () => versionOf(ROOT);
  return [
    { name: 'versions', run: async () => checkVersions(ROOT, tag) },
    { name: 'tree', run: checkTree },
    {
      name: 'check',
      run: async () => {
        await npmRun('check', [], 'Correct what it names; npm run format corrects the format.');
        return 'format, lint and types';
      },
    },
    { name: 'package', run: () => checkPackage(version()) },
    { name: 'binary', run: () => checkBinary(version(), all) },
    { name: 'image', run: () => checkImage(version()) },
    {
      name: 'test',
      run: async () => {
        const said = await npmRun('test', all ? ['all'] : [], 'Run the tests that failed alone.');
        return said.trimEnd().split('\n').at(-1) ?? '';
      },
    },
  ];
}

/** The steps that the names select. Fails with `StepError` when a name is none. */
function chosen(from: readonly Step[], names: string | undefined): readonly Step[] {
  if (names === undefined) return from;
  const wanted = names.split(',');
  const unknown = wanted.filter((name) => !from.some((step) => step.name === name));
  if (unknown.length === 0) return from.filter(({ name }) => wanted.includes(name));
  throw new StepError(
    `--only: ${unknown.join(', ')} is no step`,
    `The steps are ${from.map(({ name }) => name).join(', ')}.`,
  );
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    tag: { type: 'string' },
  },
});
const write = (text: string) => process.stdout.write(text);
try {
  const fine = await runSteps(chosen(steps(values.all, values.tag), values.only), write);
  if (fine && values.only === undefined)
    write('Everything is ready. To publish it, push the tag: docs/release.md.\n');
  process.exitCode = fine ? 0 : 1;
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  write(`${error.message}. ${error.advice}\n`);
  process.exitCode = 2;
}
