/** Runs the commands of a step, and turns their failure into advice. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from './step.ts';

/** The folder of the project. */
export const ROOT = join(import.meta.dir, '..');

/** How many of the last lines of a command that failed are shown. */
const LINES = 20;

interface Options {
  /** The folder; that of the project when undefined. */
  readonly cwd?: string;
  /** What to do when it fails. */
  readonly advice: string;
}

/** Runs a command to its end and returns what it printed. Fails with `StepError`. */
export async function command(words: readonly string[], options: Options): Promise<string> {
  // Bun's shell finds npm on Windows, too, where it is a batch file.
  const { exitCode, stdout, stderr } = await Bun.$`${[...words]}`
    .cwd(options.cwd ?? ROOT)
    .quiet()
    .nothrow();
  if (exitCode === 0) return stdout.toString();
  const lines = `${stdout.toString()}${stderr.toString()}`.trimEnd().split('\n').slice(-LINES);
  throw new StepError(
    `${words.join(' ')} ended with ${exitCode}:\n${lines.join('\n')}`,
    options.advice,
  );
}

/** Runs a script of package.json. Fails with `StepError`, also when there is no such script. */
export async function npmRun(
  script: string,
  args: readonly string[],
  advice: string,
): Promise<string> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  if (scripts[script] === undefined)
    throw new StepError(
      `package.json has no script “${script}”`,
      'This checkout lacks a part of the release. Take a newer commit.',
    );
  return command(['npm', 'run', '--silent', script, '--', ...args], { advice });
}

/** Fails with `StepError` when the project lacks the file. */
export function mustExist(file: string): void {
  if (existsSync(join(ROOT, file))) return;
  throw new StepError(
    `there is no ${file}`,
    'This checkout lacks a part of the release. Take a newer commit.',
  );
}
