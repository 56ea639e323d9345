/** The single-file executables: built, and the one for this machine started. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { thisTarget } from '../build/targets.ts';
import { command, npmRun, ROOT } from './command.ts';
import { StepError } from './step.ts';

const ADVICE = 'Run it yourself to see all of its output: npm run build:binary';

/**
 * Builds the executable for this machine, or those for `all` systems, and starts the first.
 * Returns a sentence; fails with `StepError`.
 */
export async function checkBinary(version: string, all: boolean): Promise<string> {
  const { name, suffix } = thisTarget();
  await npmRun('build:binary', all ? [] : [name], ADVICE);
  const folder = join(ROOT, 'dist/bin');
  const built = readdirSync(folder).filter((file) => file.startsWith('seen-'));
  const ours = `seen-${name}${suffix}`;
  if (!built.includes(ours))
    throw new StepError(`dist/bin has no ${ours}, only ${built.join(', ')}`, ADVICE);
  const said = await command([join(folder, ours), '--version'], { advice: ADVICE });
  if (!said.startsWith(`seen ${version} `))
    throw new StepError(
      `dist/bin/${ours} --version says “${said.trim()}”, not seen ${version}`,
      'Remove dist/ and repeat.',
    );
  return `${all ? built.join(', ') : ours}: starts and reports ${version}`;
}
