/** The groups of tests that run together, and their selection by words. */
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
 * How many of the other files run at once. They wait for processes more than they work: those of
 * the promises use half a core.
 */
const OTHERS_AT_ONCE = 3;

/**
 * What takes long, the longest first, by the beginning of the path in `test/`: only `npm test --
 * all` runs it, or a word that names it. It begins first, so that nothing long is left to the end.
 */
const LONG: readonly string[] = [
  'documents/documents',
  'program/verify',
  'program/bad-input',
  'program/promises/redis-faults',
  'program/promises/postgres-faults',
  'program/outage',
  'program/limits',
  'program/monitoring',
  'simulation/mutants',
  'program/archive',
  'adversary/',
  'program/watchdog',
  'program/visitors',
  'program/failover',
  'program/presence',
  'program/delete',
  'program/backup',
  'documents/scale',
  'documents/capacity',
  'program/deploy',
];

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
  const mostOnly = which === 'most' && words.length === 0;
  const chosen = files.filter((file) =>
    mostOnly
      ? placeInLong(file) < 0
      : words.length === 0 || words.some((word) => file.includes(word)),
  );
  const guards = chosen.filter((file) => file.startsWith('bench/'));
  const onStack = chosen.filter((file) => file.startsWith('test/stack/'));
  const inBrowser = chosen.filter((file) => file.startsWith('test/browser/'));
  const apart = new Set([...guards, ...onStack, ...inBrowser]);
  const others = longestFirst(chosen.filter((file) => !apart.has(file)));
  // They wait more than they work, and are in worlds that know nothing of each other.
  const documents = onStack.filter((file) => /guide|operations|high-availability/.test(file));
  const rounds = [
    // Measures: first, with nothing beside it.
    which === 'stack' || which === 'browser' || mostOnly
      ? []
      : [{ ...plain(guards), programs: [...PROGRAMS, ...GUARD_PROGRAMS] }],
    which === 'stack' || which === 'browser' ? [] : [{ ...plain(others), atOnce: OTHERS_AT_ONCE }],
    which === 'stack' || mostOnly
      ? []
      : [{ ...plain(inBrowser), programs: [...PROGRAMS, ...BROWSER_PROGRAMS] }],
    which === 'browser' || mostOnly
      ? []
      : [inItsWorld(documents), inItsWorld(onStack.filter((file) => !documents.includes(file)))],
  ];
  return rounds
    .map((round) => round.filter((suite) => suite.files.length > 0))
    .filter((round) => round.length > 0);
}

/** Where the file stands in `LONG`; -1 where it does not. */
function placeInLong(file: string): number {
  return LONG.findIndex((beginning) => file.startsWith(`test/${beginning}`));
}

function longestFirst(files: readonly string[]): string[] {
  const place = (file: string) => (placeInLong(file) < 0 ? LONG.length : placeInLong(file));
  return files.toSorted((a, b) => place(a) - place(b));
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
