/**
 * A counter's window: for how long visits of one visitor count once (`Rules.windowMs`). What is
 * left of a change then.
 *
 * Only the store knows who has been counted within the window before, across replicas and
 * restarts; so it says so in its outcome, and whoever hands out the numbers leaves out the same
 * visits as the store did.
 */
import type { Change } from '../contract/counting.ts';
import type { Kind } from '../contract/history.ts';

/** The longest window: who a visitor is, is forgotten when the day is over. */
export const WINDOW_MAX_MS = 24 * 60 * 60 * 1000;

/**
 * Whether a hit is a visit, of which a window makes one: other amounts are asked for by programs
 * that mean them.
 */
export function isVisit(amount: number): boolean {
  return amount === 1;
}

/**
 * What a change adds when a window is on it. `counted` says of each of its visitors whether their
 * first visit counts; the others never do.
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
