/** The single-file executables: built, and the one for this machine started. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { command, npmRun, ROOT } from './command.ts';
import { StepError } from './step.ts';

const ADVICE = 'Run it yourself to see all of its output: npm run build:binary';

/** What executables for this machine are called, as in `linux-x64-musl`. */
function system(): string {
  const name = process.platform === 'win32' ? 'windows' : process.platform;
  const musl = existsSync('/etc/alpine-release') ? '-musl' : '';
  return `${name}-${process.arch}${musl}`;
}

/**
 * Builds the executable for this machine, or those for `all` systems, and starts the first.
 * Returns a sentence; fails with `StepError`.
 */
export async function checkBinary(version: string, all: boolean): Promise<string> {
  await npmRun('build:binary', all ? [] : [system()], ADVICE);
  const folder = join(ROOT, 'dist/bin');
  const built = readdirSync(folder).filter((file) => file.startsWith('seen-'));
  const ours = built.find((file) => file.replace(/\.exe$/, '') === `seen-${system()}`);
  if (ours === undefined)
    throw new StepError(
      `dist/bin has no executable for ${system()}, only ${built.join(', ')}`,
      ADVICE,
    );
  const said = await command([join(folder, ours), '--version'], { advice: ADVICE });
  if (!said.startsWith(`seen ${version} `))
    throw new StepError(
      `dist/bin/${ours} --version says “${said.trim()}”, not seen ${version}`,
      'Remove dist/ and repeat.',
    );
  return `${all ? built.join(', ') : ours}: starts and reports ${version}`;
}
