/** Which tests are run together, chosen by words. */
import { inWorld, type Output } from '../stack/support/world.ts';
import { ROOT } from './program.ts';
import {
  BROWSER_PROGRAMS,
  GUARD_PROGRAMS,
  PROGRAMS,
  type Program,
  STACK_PROGRAMS,
} from './programs.ts';

/** Tests that are run together. */
export interface Suite {
  readonly files: readonly string[];
  /** How many files are run at once, each in a process of its own. */
  readonly atOnce: number;
  readonly programs: readonly Program[];
  /**
   * Longer than its longest test: one waits for a Redis that is away for 60 s, others for a Swarm.
   */
  readonly timeoutMs: number;
  readonly run: (command: readonly string[], output: Output) => Promise<number>;
}

/**
 * They wait for processes more than they work: two at once took two cores half the time that one
 * after the other takes.
 */
const OTHERS_AT_ONCE = 2;

/**
 * The files that `words` choose: in rounds, one after the other, each of suites that may run side
 * by side.
 */
export function suites([first = '', ...rest]: readonly string[]): Suite[][] {
  const which = first === 'all' || first === 'stack' || first === 'browser' ? first : 'most';
  const words = which === 'most' && first !== '' ? [first, ...rest] : rest;
  const files = ['test/**/*.test.ts', 'bench/*.test.ts'].flatMap((path) =>
    [...new Bun.Glob(path).scanSync(ROOT)].toSorted(),
  );
  const chosen = files.filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  const guards = chosen.filter((file) => file.startsWith('bench/'));
  const onStack = chosen.filter((file) => file.startsWith('test/stack/'));
  const inBrowser = chosen.filter((file) => file.startsWith('test/browser/'));
  const apart = new Set([...guards, ...onStack, ...inBrowser]);
  const others = chosen.filter((file) => !apart.has(file));
  // They wait more than they work, and are in worlds that know nothing of each other.
  const documents = onStack.filter((file) => /guide|operations/.test(file));
  const rounds = [
    // Measures: first, with nothing beside it.
    which === 'stack' || which === 'browser' || (which === 'most' && words.length === 0)
      ? []
      : [{ ...plain(guards), programs: [...PROGRAMS, ...GUARD_PROGRAMS] }],
    which === 'stack' || which === 'browser' ? [] : [{ ...plain(others), atOnce: OTHERS_AT_ONCE }],
    which === 'stack' || (which === 'most' && words.length === 0)
      ? []
      : [{ ...plain(inBrowser), programs: [...PROGRAMS, ...BROWSER_PROGRAMS] }],
    which === 'browser' || (which === 'most' && words.length === 0)
      ? []
      : [inItsWorld(documents), inItsWorld(onStack.filter((file) => !documents.includes(file)))],
  ];
  return rounds
    .map((round) => round.filter((suite) => suite.files.length > 0))
    .filter((round) => round.length > 0);
}

function plain(files: readonly string[]): Suite {
  const run = async (command: readonly string[], output: Output) =>
    Bun.spawn([...command], { cwd: ROOT, stdin: 'ignore', stdout: output, stderr: output }).exited;
  return { files, atOnce: 1, programs: PROGRAMS, timeoutMs: 180_000, run };
}

function inItsWorld(files: readonly string[]): Suite {
  const programs = [...PROGRAMS, ...STACK_PROGRAMS, ...BROWSER_PROGRAMS];
  return { files, atOnce: 1, programs, timeoutMs: 600_000, run: inWorld };
}
