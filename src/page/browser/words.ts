/** The texts, numbers and durations of the page, in the browser’s language. Pure functions. */

/** The known state of the connections to Seen and its store. */
export interface Reachability {
  readonly live?: 'open' | 'lost';
  readonly lastRequest?: 'answered' | 'away' | 'unreachable';
}

/** The text of the status line. It alarms nobody, and is empty when it would not help. */
export function statusText({
  live,
  lastRequest,
}: Reachability): [state: 'live' | 'lost' | 'away' | undefined, text: string] {
  if (lastRequest === 'away')
    return ['away', 'The store is away. The number will change again when the store is back.'];
  if (live === 'lost' || (lastRequest === 'unreachable' && live !== 'open'))
    return ['lost', 'The connection is lost. Trying again…'];
  return live === 'open' ? ['live', 'Live'] : [undefined, ''];
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

const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** A duration for people: `3 days`, `2 h`, `5 min`, `12 s`. */
export function durationOf(ms: number, write: (value: number) => string): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  for (const [unit, length] of UNITS) {
    const value = Math.floor(seconds / length);
    if (value > 0) return `${write(value)} ${unit}${unit === 'day' && value > 1 ? 's' : ''}`;
  }
  return `${write(seconds)} s`;
}

const WHOLE = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact' });
const PART = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

export const formatNumber = (value: number): string => WHOLE.format(value);
/** The number in few characters, such as `1.2K`, for scales. */
export const formatShort = (value: number): string => SHORT.format(value);
export const formatPercent = (part: number): string => PART.format(part);
