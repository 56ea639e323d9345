/**
 * Commands on a terminal: a progress bar, and Ctrl-C, SIGTERM and SIGHUP for a command that cleans
 * up before it ends.
 */
import { readFileSync } from 'node:fs';
import { SAME_SIGNAL_MS } from '../replicas/channel.ts';

/** The width of the bar in characters. */
const BAR = 30;
/** The shortest time between two drawings: often enough to look alive. */
const DRAW_MS = 100;

/** A progress bar. */
export interface Progress {
  /** Shows `done` of `all`. */
  at(done: number, all: number): void;
  /** Removes the bar. */
  end(): void;
}

/** A bar of `what` on standard error, so that the output of a command stays clean. */
export function showProgress(what: string): Progress {
  const { stderr } = process;
  if (!stderr.isTTY) return { at: () => undefined, end: () => undefined };
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    at(done, all) {
      const now = performance.now();
      if (now - drawnAt < DRAW_MS) return;
      drawnAt = now;
      const part = all === 0 ? 1 : Math.min(1, done / all);
      const bar = '█'.repeat(Math.round(part * BAR)).padEnd(BAR, '░');
      const figures = `${(part * 100).toFixed(0)} %  ${done.toLocaleString('en')} of ${all.toLocaleString('en')} ${what}`;
      stderr.write(`\r\u001B[K${`${bar} ${figures}`.slice(0, stderr.columns - 1)}`);
    },
    end: () => void stderr.write('\r\u001B[K'),
  };
}

/** The exit status of a command that Ctrl-C has ended, as in shells. */
export const INTERRUPTED = 130;

/**
 * Returns a signal that the first Ctrl-C, SIGTERM or SIGHUP (a closed terminal) aborts, without
 * ending the process; a second one, half a second later, ends it. Dispose of the result to stop
 * listening.
 */
export function interruption(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
  if (!ignoresHangup()) signals.push('SIGHUP');
  const end = () => {
    for (const name of signals) process.off(name, interrupt);
  };
  const interrupt = () => {
    if (!stop.signal.aborted) setTimeout(end, SAME_SIGNAL_MS).unref();
    stop.abort();
  };
  for (const name of signals) process.on(name, interrupt);
  return { signal: stop.signal, [Symbol.dispose]: end };
}

/**
 * Whether this process was started so that a closed terminal does not end it, as nohup(1) does. A
 * listener would undo that. Known on Linux only: the mask of proc_pid_status(5), in which the last
 * bit is SIGHUP.
 */
function ignoresHangup(): boolean {
  try {
    const [, mask = '0'] =
      /^SigIgn:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
