/**
 * Translates signals of the operating system into stop and replace.
 *
 * SIGTERM and SIGINT (Ctrl-C) stop in order; a second signal stops at once. SIGHUP replaces the
 * replicas, as in other servers. The system also sends it when a terminal is closed; then it means
 * stop.
 */
import { closeSync, openSync } from 'node:fs';

export interface SignalListeners {
  onStop: (signal: 'SIGTERM' | 'SIGINT') => void;
  /** `status` is the exit status that shells use for a process ended by a signal. */
  onStopNow: (status: number) => void;
  onReplace: () => void;
}

/**
 * npm forwards the Ctrl-C that the terminal has sent us already: two within this time count as
 * one.
 */
const SAME_SIGNAL_MS = 500;

/** Listens for the rest of the process's life. */
export function listenToSignals({ onStop, onStopNow, onReplace }: SignalListeners): void {
  const hadTerminal = process.stdout.isTTY;
  let askedAt: number | undefined;
  const stop = (signal: 'SIGTERM' | 'SIGINT') => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      onStop(signal);
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
      onStopNow(signal === 'SIGINT' ? 130 : 143);
    }
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {
    if (hadTerminal && terminalIsGone()) stop('SIGTERM');
    else onReplace();
  });
}

/**
 * Listens as a replica with a parent, which handles Ctrl-C and a closed terminal: only SIGTERM
 * stops it.
 */
export function listenAsReplica(onStop: () => void): void {
  process.on('SIGTERM', onStop);
  process.on('SIGINT', onStop);
  process.on('SIGHUP', () => undefined);
}

function terminalIsGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}
