/**
 * One hit that waits for its number, and the ways in which it gets its answer. Each gets exactly one.
 *
 * Not here: when. That is `counter.ts`.
 */
import type { Gathered, OneHit } from './batch.ts';
import { AppError } from './errors.ts';
import type { Outcome } from './store.ts';

/** A hit and the two ends of its promise. */
export interface Hit extends OneHit {
  readonly expiresAt: number;
  readonly resolve: (total: number) => void;
  readonly reject: (error: unknown) => void;
  answered: boolean;
}

/**
 * Hands out the numbers: the first hit of a change gets what was there before plus its own amount, and so on. Answers how many got one.
 */
export function answerAll(
  hits: readonly Hit[],
  places: readonly number[],
  changes: Gathered['changes'],
  outcomes: readonly Outcome[],
): number {
  const running = outcomes.map((outcome, place) =>
    typeof outcome === 'number' ? outcome - (changes[place]?.amount ?? 0) : outcome,
  );
  let numbers = 0;
  hits.forEach((hit, index) => {
    const place = places[index] ?? -1;
    const before = running[place];
    if (typeof before === 'number') {
      const total = before + hit.amount;
      running[place] = total;
      hit.answered = true;
      hit.resolve(total);
      numbers++;
    } else {
      fail(hit, refusal(hit.counter, before));
    }
  });
  return numbers;
}

/** Answers one hit with an error. */
export function fail(hit: Hit, error: unknown): void {
  hit.answered = true;
  hit.reject(error);
}

/** The answer to a hit of which nobody knows whether it is stored. */
export function unconfirmed(cause?: unknown): AppError {
  return new AppError(
    'hit-unconfirmed',
    'The store did not confirm this visit in time. It may have been counted.',
    { cause },
  );
}

function refusal(counter: string, outcome: Exclude<Outcome, number> | undefined): unknown {
  switch (outcome) {
    case 'out-of-range':
      return new AppError(
        'total-out-of-range',
        `The counter ${counter} cannot go past ${Number.MAX_SAFE_INTEGER}, the largest number JSON carries exactly. Not counted: start a new counter.`,
      );
    case 'unreadable':
      return new AppError(
        'counter-unreadable',
        `Under the name of the counter ${counter} the store holds something that is not a whole number. Not counted: move it out of the way, or use another name.`,
      );
    case 'missing':
      return new AppError(
        'counter-missing',
        `There is no counter ${counter}, and here a hit does not make one. Not counted: have it made first.`,
      );
    case 'counters-full':
      return new AppError(
        'counters-full',
        `There is no counter ${counter}, and this Seen has as many as it may. Not counted: ask who runs it.`,
      );
    case 'key-reused':
      return new AppError(
        'key-reused',
        'This Idempotency-Key was used for another request. Not counted: make a new key for each request, and repeat it only with the same request.',
      );
    case 'keys-full':
      return new AppError(
        'keys-full',
        'No more idempotency keys can be remembered. Not counted: try again later, or without a key.',
      );
    case undefined:
      return new Error(`the store answered too few outcomes for ${counter}`);
  }
}
