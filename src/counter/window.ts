/**
 * A counter's window: the time in which the visits of one visitor count once (`Rules.windowMs`),
 * and its effect on a change.
 *
 * Only the store knows which visitors were counted earlier in the window, across replicas and
 * restarts. It reports them in the outcome, so that the numbering leaves out the same visits.
 */
import type { Change } from '../contract/counting.ts';
import type { Kind } from '../contract/history.ts';

/** The longest window: visitors are forgotten at the end of the day. */
export const WINDOW_MAX_MS = 24 * 60 * 60 * 1000;

/**
 * Whether a hit is a visit, to which a window applies: hits of other amounts are deliberate calls
 * of programs.
 */
export function isVisit(amount: number): boolean {
  return amount === 1;
}

/**
 * The amount that a change adds under a window. `counted` tells for each of its visitors whether
 * their first visit counts; their other visits never do.
 */
export function withinWindow(
  { amount, kinds = { program: amount }, visitors = [] }: Change,
  counted: readonly boolean[],
): { amount: number; kinds: Partial<Record<Kind, number>> } {
  const left = { amount, kinds: { ...kinds } };
  visitors.forEach(({ kind, visits }, index) => {
    const dropped = visits - (counted[index] && visits > 0 ? 1 : 0);
    left.amount -= dropped;
    left.kinds[kind] = (left.kinds[kind] ?? 0) - dropped;
  });
  return left;
}
