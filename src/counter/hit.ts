/**
 * A hit that waits for its number, and the functions that answer it. Each hit is answered exactly
 * once.
 *
 * Not here: when. That is `counter.ts` and, for hits that are too late, `queue.ts`.
 */

import type { Change, Outcome, RequestKey } from '../contract/counting.ts';
import type { GatheredHits, OneHit } from './batch.ts';
import { AppError } from './errors.ts';
import type { Visitor } from './visitor.ts';
import { isVisit, withinWindow } from './window.ts';

export interface HitOptions {
  /** How much is added: a safe integer other than 0. */
  readonly amount?: number | undefined;
  readonly once?: RequestKey | undefined;
  /** Who made it; without it, a program. */
  readonly visitor?: Visitor | undefined;
  /** Whether the result may contain the number of a private counter, for its owner. */
  readonly reveal?: boolean | undefined;
  /**
   * `false`: this hit must not create the counter, and fails with `counter-missing` if it does not
   * exist.
   */
  readonly make?: boolean | undefined;
}

/** A hit and the two ends of its promise. */
export interface Hit extends OneHit {
  readonly expiresAt: number;
  readonly resolve: (total: number | null) => void;
  readonly reject: (error: unknown) => void;
  answered: boolean;
}

/** The numbers of a change while they are handed out. */
interface Running {
  /** The number of the last hit that counted. */
  total: number;
  readonly private: boolean;
  /** Whether a hit counts. Called once for each. */
  readonly counts: (hit: Hit) => boolean;
}

/**
 * Assigns the numbers: the first hit of a change gets the previous total plus its own amount, and
 * so on. A reload within a window gets the current number. Returns how many hits counted.
 */
export function answerAll(
  hits: readonly Hit[],
  places: readonly number[],
  changes: GatheredHits['changes'],
  outcomes: readonly Outcome[],
): number {
  const runs = outcomes.map((outcome, place) => begin(outcome, changes[place]));
  let counted = 0;
  hits.forEach((hit, index) => {
    const run = runs[places[index] ?? -1];
    if (run === undefined || typeof run === 'string') {
      fail(hit, refusal(hit.counter, run));
      return;
    }
    if (run.counts(hit)) {
      run.total += hit.amount;
      counted++;
    }
    hit.answered = true;
    hit.resolve(run.private && !hit.reveal ? null : run.total);
  });
  return counted;
}

function begin(outcome: Outcome, change: Change | undefined): Running | Refusal {
  if (typeof outcome === 'string') return outcome;
  if (change === undefined)
    throw new Error('the store answered more outcomes than there are changes');
  if (typeof outcome === 'number')
    return { total: outcome - change.amount, private: false, counts: always };
  const { total, counted, private: hidden } = outcome;
  if (!counted) return { total: total - change.amount, private: hidden, counts: always };
  const first = new Map(change.visitors?.map(({ id }, index) => [id, counted[index] ?? false]));
  return {
    total: total - withinWindow(change, counted).amount,
    private: hidden,
    counts: (hit) => {
      const id = hit.visitor?.id;
      if (id === undefined || !isVisit(hit.amount)) return true;
      const counts = first.get(id) ?? true;
      first.set(id, false);
      return counts;
    },
  };
}

const always = () => true;

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

type Refusal = Extract<Outcome, string>;

function refusal(counter: string, outcome: Refusal | undefined): unknown {
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
