/**
 * Signals of the operating system as the two things they ask for: stop, and replace.
 *
 * SIGTERM and SIGINT (Ctrl-C) ask for a stop; a second one of either means now. SIGHUP asks to
 * replace the replicas, as it does of other servers. It is also what the system sends when a
 * terminal is closed, and then it asks for a stop.
 */
import { closeSync, openSync } from 'node:fs';

export interface SignalListeners {
  onStop: (signal: 'SIGTERM' | 'SIGINT') => void;
  /** `status` is what a shell expects of a process that a signal ended. */
  onStopNow: (status: number) => void;
  onReplace: () => void;
}

/** npm hands on the Ctrl-C that the terminal has sent us already: two within this time are one. */
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
 * Listens as a replica that has a parent, which hears Ctrl-C and a closed terminal for it: SIGTERM
 * stops it alone.
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
