/**
 * Messages between a parent and its replicas. Each is a plain object, sent over a channel that the
 * system closes when either process ends.
 */
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
