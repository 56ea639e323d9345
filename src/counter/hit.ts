/**
 * A hit that waits for its number, and the errors of a hit that gets none. Each hit is answered
 * exactly once.
 *
 * Not here: its number (`batch.ts`), and when it is answered (`queue.ts`, `counter.ts`).
 */

import type { RequestKey } from '../contract/counting.ts';
import type { OneHit, Refusal } from './batch.ts';
import { AppError } from './errors.ts';
import type { Visitor } from './visitor.ts';

export interface HitOptions {
  /** The amount to add: a safe integer other than 0; 1 by default. */
  readonly amount?: number | undefined;
  readonly once?: RequestKey | undefined;
  /** The visitor; a program when undefined. */
  readonly visitor?: Visitor | undefined;
  /** Whether the result may contain the number of a private counter, for its owner. */
  readonly reveal?: boolean | undefined;
  /**
   * `false`: this hit must not create the counter, and fails with `counter-missing` if it does not
   * exist.
   */
  readonly make?: boolean | undefined;
}

/** A hit that waits, with the functions that settle its promise. */
export interface Hit extends OneHit {
  /** The deadline of its answer, on the clock. */
  readonly expiresAt: number;
  readonly resolve: (total: number | null) => void;
  readonly reject: (error: unknown) => void;
  answered: boolean;
}

/** Answers one hit with an error. */
export function fail(hit: Hit, error: unknown): void {
  hit.answered = true;
  hit.reject(error);
}

/** The error for a hit with unknown outcome. */
export function unconfirmed(cause?: unknown): AppError {
  return new AppError(
    'hit-unconfirmed',
    'The store did not confirm this visit in time. It may have been counted.',
    { cause },
  );
}

/** The error for a hit that the store refused, or for which it has no outcome. */
export function refusal(counter: string, outcome: Refusal | undefined): unknown {
  switch (outcome) {
    case 'out-of-range':
      return new AppError(
        'total-out-of-range',
        `The counter ${counter} cannot go past ${Number.MAX_SAFE_INTEGER}, the largest number JSON carries exactly. Not counted: start a new counter.`,
      );
    case 'unreadable':
      return new AppError(
        'counter-unreadable',
        `The store has a value for the counter ${counter} that is not a whole number. Not counted: move that value away, or use another name.`,
      );
    case 'missing':
      return new AppError(
        'counter-missing',
        `There is no counter ${counter}, and a hit does not create it here. Not counted: create it first.`,
      );
    case 'counters-full':
      return new AppError(
        'counters-full',
        `There is no counter ${counter}, and this Seen has the maximum number of counters. Not counted: ask its operator.`,
      );
    case 'key-reused':
      return new AppError(
        'key-reused',
        'This Idempotency-Key was used for another request. Not counted: use a new key for each request, and repeat a key only with the same request.',
      );
    case 'keys-full':
      return new AppError(
        'keys-full',
        'The store has the maximum number of idempotency keys. Not counted: try again later, or without a key.',
      );
    case undefined:
      return new Error(`the store answered too few outcomes for ${counter}`);
  }
}
