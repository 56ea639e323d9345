/** One counter of the model, and which hits count on it. */

import type { CountedOutcome, Outcome } from '../../src/contract/counting.ts';
import { DAY_MS } from '../../src/contract/history.ts';
import type { Group, SimulatedHit } from './hit.ts';

/** A counter as it should be. */
export interface ModelCounter {
  total: number;
  owner: string | undefined;
  private: boolean;
  windowMs: number;
  /** Another number after each event that breaks the line of its totals: made, set. */
  line: number;
  /** What each kind added in each hour, by "HOUR KIND". */
  hours: Map<string, number>;
  /** Who came on each day. */
  visitors: Map<number, Set<string>>;
  /**
   * When a visit of theirs counted last, where there was a window; `forgotten` when the store may
   * not know it any more.
   */
  seen: Map<string, { at: number; forgotten: boolean }>;
}

/**
 * The hits of a change that count: all, but for the visits that a window makes one with an earlier
 * one.
 */
export function countingHits(
  { windowMs, seen }: ModelCounter,
  hits: readonly SimulatedHit[],
  at: number,
  told: Outcome | undefined,
  isBounded: boolean,
): SimulatedHit[] {
  if (windowMs === 0) return [...hits];
  const order = visitorsOf(hits);
  const here = new Set<string>();
  return hits.filter(({ amount, visitor }) => {
    const id = visitor?.id;
    if (id === undefined || amount !== 1) return true;
    if (here.has(id)) return false;
    here.add(id);
    const before = seen.get(id);
    if (!before) return true;
    const over = Math.abs(at - before.at) >= windowMs;
    const open =
      isBounded || before.forgotten || Math.floor(at / DAY_MS) !== Math.floor(before.at / DAY_MS);
    if (over || !open) return over;
    return (told as CountedOutcome | undefined)?.counted?.[order.indexOf(id)] ?? over;
  });
}

/** The visitors of hits, in the order in which they come first. */
function visitorsOf(hits: readonly SimulatedHit[]): string[] {
  return [...new Set(hits.flatMap(({ visitor }) => visitor?.id ?? []))];
}

/** The outcome of a change whose hits are these. */
export function outcomeOf(
  counter: ModelCounter,
  { hits }: Group,
  counting: readonly SimulatedHit[],
): Outcome {
  const { total, private: hidden, windowMs } = counter;
  if (windowMs === 0) return hidden ? { total, private: true, counted: undefined } : total;
  const counted = visitorsOf(hits).map((id) =>
    counting.some(({ visitor, amount }) => visitor?.id === id && amount === 1),
  );
  return { total, private: hidden, counted };
}
