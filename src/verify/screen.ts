/**
 * The progress of a run: on a terminal a screen that is redrawn, elsewhere a line every few
 * seconds.
 */

import { pluralize } from '../plural.ts';
import { type Change, changes, type Figures, type SecondFigures } from './figures.ts';
import { changeLines, formatNumber, kinds, shareLines } from './report.ts';
import type { Run } from './run.ts';

export interface ScreenOptions {
  readonly run: Run;
  /** The size of the terminal; `undefined` when there is none. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  readonly print: (text: string) => void;
  /** The completed part of the run, 0 to 1; `undefined` when it is unknown. */
  readonly done: (figures: Figures) => number | undefined;
  /** Aborted when the run was told to end. */
  readonly stopped: AbortSignal;
}

const DRAW_MS = 200;
const LINE_MS = 5000;
const BAR = 40;
/** The number of seconds in the time line. */
const SECONDS = 60;
/** The number of last changes to show. */
const CHANGES = 4;

/** Shows the run until it is told to end. */
export function showRun({ run, terminal, print, done, stopped }: ScreenOptions): { end(): void } {
  let drawn = 0;
  const erase = () => {
    // Moves to the first line of the screen, and erases everything below.
    if (drawn > 0) print(`\u001B[${drawn}A\u001B[J`);
    drawn = 0;
  };
  const draw = (size: { columns: number; rows: number }) => {
    const words = stopped.aborted ? ['ending: requests in progress may still be answered'] : [];
    const lines = [...words, ...picture(run.figures, done(run.figures))];
    erase();
    // A line that is too long would take two rows, and a surplus line would scroll; neither could
    // be erased.
    const shown = lines.slice(0, size.rows - 1).map((line) => line.slice(0, size.columns - 1));
    print(`${shown.join('\n')}\n`);
    drawn = shown.length;
  };
  const timer = setInterval(
    terminal ? () => draw(terminal) : () => print(`${summary(run.figures).join('  ')}\n`),
    terminal ? DRAW_MS : LINE_MS,
  );
  return {
    end() {
      clearInterval(timer);
      if (terminal) erase();
    },
  };
}

/** The lines of the picture. */
export function picture(figures: Figures, done: number | undefined): string[] {
  const bar =
    done === undefined
      ? ''
      : `${'█'.repeat(Math.round(done * BAR)).padEnd(BAR, '░')} ${(done * 100).toFixed(0)} %`;
  const changed = changes(figures);
  const gone = new Set(changed.filter(({ what }) => what === 'went').map(({ name }) => name));
  return [
    ...(bar === '' ? [] : [bar]),
    ...summary(figures),
    timeLine(figures.seconds),
    markLine(figures.seconds, changed),
    ...shareLines(new Map([...figures.servedBy].filter(([name]) => !gone.has(name)))),
    ...changeLines(changed, CHANGES),
  ];
}

/** The progress, and the failures. */
function summary({ elapsedMs, answered, failures, tries, latencies, seconds }: Figures): string[] {
  // The last second is incomplete.
  const rate = seconds.at(-2)?.answered ?? seconds.at(-1)?.answered ?? 0;
  const [p50, p99] = [0.5, 0.99].map((share) => latencies.percentileMs(share).toFixed(1));
  return [
    `${(elapsedMs / 1000).toFixed(0)} s  ${pluralize(answered, 'visit')}, ${formatNumber(rate)}/s  p50 ${p50} p99 ${p99} ms`,
    failures.size === 0 ? 'none failed' : `FAILED: ${kinds(failures)}`,
    ...(tries.size === 0 ? [] : [`sent again after: ${kinds(tries)}`]),
  ];
}

const HEIGHTS = ' ▁▂▃▄▅▆▇█';

/** Visits a second as a line of bars; a second in which something failed is an ×. */
export function timeLine(seconds: readonly SecondFigures[]): string {
  const shown = seconds.slice(-SECONDS);
  const most = Math.max(1, ...shown.map(({ answered }) => answered));
  return shown
    .map(({ answered, failed }) =>
      failed > 0 ? '×' : (HEIGHTS[Math.ceil((answered / most) * 8)] ?? ' '),
    )
    .join('');
}

/**
 * The same line with what changed: `+` where a replica began to answer, `-` after its last answer,
 * `*` for both.
 */
export function markLine(seconds: readonly SecondFigures[], changed: readonly Change[]): string {
  const from = Math.max(0, seconds.length - SECONDS);
  const marks = Array.from({ length: seconds.length - from }, (_, index) => {
    const what = new Set(
      changed.filter(({ second }) => second === from + index).map((change) => change.what),
    );
    return what.size === 2 ? '*' : what.has('came') ? '+' : what.has('went') ? '-' : ' ';
  });
  return marks.join('').trimEnd();
}
