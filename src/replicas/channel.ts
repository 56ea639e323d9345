/**
 * What a parent and its replicas say to each other. Each message is a plain object, sent over the
 * channel that the system closes when either of them ends, however it ends.
 */
import type { MetricsSnapshot } from '../metrics.ts';

/** What the parent says. */
export type ToReplica =
  /** Stop in order and end. */
  | { readonly say: 'stop' }
  /** Asks for a sign of life, which is answered at once: `pong`. */
  | { readonly say: 'ping' }
  /** How are you? Answered with the same id. */
  | { readonly say: 'report'; readonly id: number };

/** How a replica is: `unready` is why it takes no traffic, `undefined` when it does. */
export interface Report {
  readonly unready: string | undefined;
  readonly metrics: MetricsSnapshot;
}

/** What a replica says. */
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
