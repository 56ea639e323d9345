/** The groups of tests that run together, and their selection by words. */
import { inWorld, type Output } from '../stack/support/world.ts';
import { ROOT } from './program.ts';
import { BROWSER_PROGRAMS, PROGRAMS, type Program, STACK_PROGRAMS } from './programs.ts';

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
 * How many of the other files run at once. They wait for processes more than they work: most use
 * half a core or less.
 */
const OTHERS_AT_ONCE = 4;

/**
 * What takes long, the longest first, by the beginning of the path in `test/`: only `npm test --
 * all` runs it, or a word that names it. It begins first, so that nothing long is left to the end.
 */
const LONG: readonly string[] = [
  'documents/contributing',
  'program/bad-input',
  'program/archive',
  'program/limits',
  'program/verify',
  'program/promises/redis-faults',
  'program/outage',
  'program/promises/postgres-faults',
  'documents/readme',
  'documents/install',
  'program/visitors',
  'program/monitoring',
  'adversary/',
  'program/delete',
  'documents/capacity',
  'program/watchdog',
  'program/failover',
  'program/presence',
  'program/backup',
  'documents/scale',
  'program/deploy',
  'program/proxies',
];

/** What else takes about a minute: it begins next. */
const SLOW: readonly string[] = ['program/promises/', 'program/replicas', 'unit/stores/postgres/'];

/** Files of `test/stack/` that start a machine with systemd, and no Docker engine. */
const MACHINES: readonly string[] = [
  'stack/host',
  'stack/proxies',
  'stack/proxy',
  'stack/service',
  'stack/systemd',
];
/** Files of `test/stack/` whose databases and managers choose another leader on a busy machine. */
const LAST_IN_STACK: readonly string[] = ['stack/faults', 'stack/high-availability'];

/** Suites that run one after the other. */
export type Lane = readonly Suite[];

/**
 * The files that `words` choose: in rounds, one after the other, each of lanes that run side by
 * side.
 */
export function rounds(words: readonly string[]): Lane[][] {
  const files = filesChosenBy(words);
  const of = (kind: Kind) => files.filter((file) => kindOf(file) === kind);
  // It measures: first, with nothing beside it.
  const guard = [[plain(of('guard'), 1)]];
  // Not beside the stack's tests: they keep both processors busy, so it takes as long.
  const others = [[plain(longestFirst(of('other')), OTHERS_AT_ONCE)]];
  const stack = of('stack');
  const isMachine = (file: string) => placeIn(MACHINES, file) >= 0;
  const isLast = (file: string) => placeIn(LAST_IN_STACK, file) >= 0;
  const engines = stack.filter((file) => !isMachine(file));
  // The second lane ends before the last files of the first begin.
  const stackAndBeside = [
    [stackSuite(engines.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b))))],
    [
      stackSuite(stack.filter(isMachine)),
      plain(of('browser'), 2, BROWSER_PROGRAMS),
      plain(of('simulation'), 1),
    ],
  ];
  return [guard, others, stackAndBeside]
    .map((lanes) => lanes.map(withFiles).filter((lane) => lane.length > 0))
    .filter((lanes) => lanes.length > 0);
}

const withFiles = (lane: Lane): Lane => lane.filter(({ files }) => files.length > 0);

/** The suites of `rounds`. */
export function suites(words: readonly string[]): Suite[] {
  return rounds(words).flat(2);
}

/** The first word may be `all`, `stack` or `browser`; others stand in the path of a file. */
function filesChosenBy(words: readonly string[]): string[] {
  const [first = '', ...rest] = words;
  const files = ['test/**/*.test.ts', 'bench/*.test.ts'].flatMap((path) =>
    [...new Bun.Glob(path).scanSync(ROOT)].toSorted(),
  );
  if (first === '') {
    return files.filter((file) => kindOf(file) === 'other' && placeIn(LONG, file) < 0);
  }
  const named = (list: readonly string[]) => (file: string) =>
    list.length === 0 || list.some((word) => file.includes(word));
  if (first === 'all') return files.filter(named(rest));
  if (first === 'stack' || first === 'browser') {
    return files.filter((file) => kindOf(file) === first).filter(named(rest));
  }
  return files.filter(named(words));
}

/** The kinds of files in folders of their own, which run apart from the others. */
const KINDS = ['stack', 'browser', 'simulation'] as const;
type Kind = (typeof KINDS)[number] | 'guard' | 'other';

function kindOf(file: string): Kind {
  if (file.startsWith('bench/')) return 'guard';
  return KINDS.find((kind) => file.startsWith(`test/${kind}/`)) ?? 'other';
}

/** The place in `list` of the first beginning of `file`'s path; -1 where there is none. */
function placeIn(list: readonly string[], file: string): number {
  return list.findIndex((beginning) => file.startsWith(`test/${beginning}`));
}

function longestFirst(files: readonly string[]): string[] {
  const list = [...LONG, ...SLOW];
  const place = (file: string) => (placeIn(list, file) < 0 ? list.length : placeIn(list, file));
  return files.toSorted((a, b) => place(a) - place(b));
}

function plain(
  files: readonly string[],
  atOnce: number,
  programs: readonly Program[] = [],
): Suite {
  const run = async (command: readonly string[], output: Output) =>
    Bun.spawn([...command], {
      cwd: ROOT,
      // Also what this process has set.
      env: process.env,
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    }).exited;
  return { files, atOnce, programs: [...PROGRAMS, ...programs], timeoutMs: 180_000, run };
}

/** Tests that run one file after the other in a world of their own, which keeps their images. */
function stackSuite(files: readonly string[]): Suite {
  const programs = [...PROGRAMS, ...STACK_PROGRAMS, ...BROWSER_PROGRAMS];
  return { files, atOnce: 1, programs, timeoutMs: 600_000, run: inWorld };
}
