/** What the page says of states. Pure functions. */
import type { Words } from '../../../languages/languages.ts';

/** The known state of the connections to Seen and its store. */
export interface Reachability {
  readonly live?: 'open' | 'lost';
  readonly lastRequest?: 'answered' | 'away' | 'unreachable';
}

/** The text of the status line. It alarms nobody, and is empty when it would not help. */
export function statusText(
  { live, lastRequest }: Reachability,
  texts: Pick<Words['counterPage']['script'], 'away' | 'lost' | 'live'>,
): [state: 'live' | 'lost' | 'away' | undefined, text: string] {
  if (lastRequest === 'away') return ['away', texts.away];
  if (live === 'lost' || (lastRequest === 'unreachable' && live !== 'open'))
    return ['lost', texts.lost];
  return live === 'open' ? ['live', texts.live] : [undefined, ''];
}

/** The state of a replica. */
export type ReplicaState = 'ready' | 'draining' | 'gone';

/**
 * The later of two states. Replicas report with different delays, but a replica never goes from
 * `draining` back to `ready`, or from `gone` back to `draining`.
 */
export function laterOf(known: string | undefined, reported: ReplicaState): ReplicaState {
  if (known === 'draining' && reported === 'ready') return known;
  if (known === 'gone' && reported === 'draining') return known;
  return reported;
}
