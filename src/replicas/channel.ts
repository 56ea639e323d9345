/**
 * Messages between a parent and its replicas, and signals of the operating system, translated into
 * stop and replace.
 *
 * A message is a plain object, sent over a channel that the system closes when either process
 * ends. SIGTERM and SIGINT (Ctrl-C) stop in order; a second signal stops at once. SIGHUP replaces
 * the replicas, as in other servers. The system also sends it when a terminal is closed; then it
 * means stop.
 */

import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { MetricsSnapshot } from '../metrics.ts';

/** Messages of the parent. */
export type ToReplica =
  /** Stop in order and end. */
  | { readonly say: 'stop' }
  /** Asks for a sign of life; the replica replies `pong` at once. */
  | { readonly say: 'ping' }
  /** Requests a report; the reply has the same id. */
  | { readonly say: 'report'; readonly id: number };

/** A replica's report: `unready` is the reason why it accepts no traffic, or `undefined`. */
export interface Report {
  readonly unready: string | undefined;
  readonly metrics: MetricsSnapshot;
}

/** Messages of a replica. */
export type ToParent =
  /** The port is open. */
  | { readonly say: 'listening' }
  /** The event loop turns. */
  | { readonly say: 'pong' }
  | ({ readonly say: 'reported'; readonly id: number } & Report);

/** The replica's end of the channel. */
export interface ParentChannel {
  send(message: ToParent): void;
  /** Called for each message of the parent. */
  onMessage(listener: (message: ToReplica) => void): void;
  /** Called once when the parent is gone. */
  onParentGone(listener: () => void): void;
}

/** The channel to the process that started this one, or `undefined` when there is none. */
export function parentChannel(): ParentChannel | undefined {
  if (!process.send) return undefined;
  return {
    send: (message) => {
      if (process.connected) process.send?.(message);
    },
    onMessage: (listener) => process.on('message', (message) => listener(message as ToReplica)),
    onParentGone: (listener) => process.on('disconnect', listener),
  };
}

/** What to do when a signal arrives. */
export interface SignalListeners {
  /** `reason` is the signal, or what else has happened. */
  onStop: (reason: string) => void;
  /** `status` is the exit status that shells use for a process ended by a signal. */
  onStopNow: (status: number) => void;
  onReplace: () => void;
}

/**
 * npm and `bin/seen.js` forward the Ctrl-C that the terminal has sent us already: two within this
 * time count as one.
 */
export const SAME_SIGNAL_MS = 500;

/**
 * Listens for the rest of the process's life. If `bin/seen.js` started this process, its end means
 * stop, too.
 */
export function listenToSignals({ onStop, onStopNow, onReplace }: SignalListeners): void {
  // Any of the three: the log may go to a file. Under nohup none of them is a terminal.
  const hadTerminal = [0, 1, 2].some((file) => isatty(file)) && !terminalIsGone();
  let stoppedAt: number | undefined;
  const stop = (signal: 'SIGTERM' | 'SIGINT', reason: string = signal) => {
    if (stoppedAt === undefined) {
      stoppedAt = performance.now();
      onStop(reason);
    } else if (performance.now() - stoppedAt > SAME_SIGNAL_MS) {
      onStopNow(signal === 'SIGINT' ? 130 : 143);
    }
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {
    if (hadTerminal && terminalIsGone()) stop('SIGTERM');
    else onReplace();
  });
  parentChannel()?.onParentGone(() => stop('SIGTERM', 'the command seen was killed'));
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
