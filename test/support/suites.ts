/** Which tests are run together, chosen by words. */
import { inWorld } from '../stack/support/world.ts';
import { ROOT } from './program.ts';
import { PROGRAMS, type Program, STACK_PROGRAMS } from './programs.ts';

/** Tests that are run together. */
export interface Suite {
  readonly files: readonly string[];
  readonly programs: readonly Program[];
  /** Longer than its longest test: one waits for a Redis that is away for 60 s, others for a Swarm. */
  readonly timeoutMs: number;
  readonly run: (command: readonly string[]) => Promise<number>;
}

/** The files that `words` choose. */
export function suites([first = '', ...rest]: readonly string[]): Suite[] {
  const which = first === 'all' || first === 'stack' ? first : 'most';
  const words = which === 'most' && first !== '' ? [first, ...rest] : rest;
  const files = [...new Bun.Glob('test/**/*.test.ts').scanSync(ROOT)].toSorted();
  const chosen = files.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  const inStack = (file: string) => file.startsWith('test/stack/');
  return [
    {
      files: which === 'stack' ? [] : chosen.filter((file) => !inStack(file)),
      programs: PROGRAMS,
      timeoutMs: 180_000,
      run: async (command: readonly string[]) =>
        Bun.spawn([...command], { cwd: ROOT, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' }).exited,
    },
    {
      files: which === 'most' && words.length === 0 ? [] : chosen.filter(inStack),
      programs: [...PROGRAMS, ...STACK_PROGRAMS],
      timeoutMs: 600_000,
      run: inWorld,
    },
  ].filter((suite) => suite.files.length > 0);
}
