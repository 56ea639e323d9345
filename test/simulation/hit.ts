/**
 * Hits in the simulation: each has a unique name, so that it can be followed through batches and
 * stores.
 */
import type { Outcome, RequestKey } from '../../src/contract/counting.ts';
import type { Visitor } from '../../src/counter/visitor.ts';

/** What became of a hit in the store. */
export type Fate =
  | {
      readonly number: number;
      readonly private: boolean;
      /** Not so where a window makes it one with an earlier one. */
      readonly counts: boolean;
      /**
       * Of which line of totals of its counter the number is; `REPEATED` when it was answered
       * before under its key.
       */
      readonly line: number;
    }
  | { readonly refused: Extract<Outcome, string> };

export const REPEATED = -1;

export interface SimulatedHit {
  readonly id: number;
  readonly counter: string;
  readonly amount: number;
  readonly once: RequestKey | undefined;
  readonly visitor: Visitor | undefined;
  readonly reveal: boolean;
  /** `false`: it must not make its counter. */
  readonly make: boolean;
  readonly sentAt: number;
  /** Set by the model when the hit's batch is applied. */
  fate: Fate | undefined;
  /**
   * Whether it was stored and then lost, because the store was set back. A message that is late
   * may store it again.
   */
  lost: boolean;
  /** Whether its client was told that it is certainly not counted. */
  saidNotCounted: boolean;
  /** A number, `null` where it is private, or an error's code; `undefined` without an answer. */
  answer: number | string | null | undefined;
}

/** The hits of one change of a batch. */
export interface Group {
  readonly counter: string;
  readonly once: RequestKey | undefined;
  readonly hits: readonly SimulatedHit[];
}

/** Whether a hit has no answer. */
export function unanswered({ answer }: SimulatedHit): boolean {
  return answer === undefined;
}
