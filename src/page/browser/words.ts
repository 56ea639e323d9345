/** What the page says in words and numbers. Pure functions, without the browser. */

/** What is known of the ways to Seen and its store. */
export interface Reachability {
  readonly live?: 'open' | 'lost';
  readonly asked?: 'told' | 'away' | 'unreachable';
}

/** What is said of it: calm, and only what helps. */
export function lineOf({
  live,
  asked,
}: Reachability): [state: 'live' | 'lost' | 'away' | undefined, text: string] {
  if (asked === 'away')
    return [
      'away',
      'The store is away. The number stands still, and goes on when the store is back.',
    ];
  if (live === 'lost' || (asked === 'unreachable' && live !== 'open'))
    return ['lost', 'The connection is lost. Trying again…'];
  return live === 'open' ? ['live', 'Live'] : [undefined, ''];
}

/** How a replica is. */
export type ReplicaState = 'ready' | 'draining' | 'gone';

/**
 * Each replica tells what it has heard, some a little later than others: what drains is not ready
 * again, and what is gone does not drain.
 */
export function laterOf(known: string | undefined, told: ReplicaState): ReplicaState {
  if (known === 'draining' && told === 'ready') return known;
  if (known === 'gone' && told === 'draining') return known;
  return told;
}

const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** A time as people say it: `3 days`, `2 h`, `5 min`, `12 s`. */
export function durationOf(ms: number, write: (value: number) => string): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  for (const [unit, length] of UNITS) {
    const value = Math.floor(seconds / length);
    if (value > 0) return `${write(value)} ${unit}${unit === 'day' && value > 1 ? 's' : ''}`;
  }
  return `${write(seconds)} s`;
}
