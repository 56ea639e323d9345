/**
 * The checks of a run and the result of each; and the evidence against them: how often each was
 * violated, with the first violation in words, and the failed operations.
 */

/** The checks. */
export type Check =
  | 'unique'
  | 'bounds'
  | 'order'
  | 'connection'
  | 'reads'
  | 'repeats'
  | 'answered';

/** The result of a check. */
export interface Finding {
  readonly check: Check;
  readonly status: 'held' | 'broken' | 'untested';
  /** The number of violations. */
  readonly count: number;
  /** The first evidence of a violation, or the reason why it was not tested. */
  readonly words: string;
}

/** Collects violations and failures. */
export class Evidence {
  readonly #broken = new Map<Check, { count: number; first: string }>();
  readonly #failures = new Map<string, number>();

  /** Why operations failed, and how often. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  /** The check was violated; `words` describe how. */
  add(check: Check, words: string): void {
    const broken = this.#broken.get(check);
    if (broken) broken.count++;
    else this.#broken.set(check, { count: 1, first: words });
  }

  /** An operation failed. */
  failed(why: string): void {
    this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
  }

  /** The result of a check; `untested` is the reason why it was not tested, if there is one. */
  finding(check: Check, untested?: string): Finding {
    const broken = this.#broken.get(check);
    if (broken) return { check, status: 'broken', count: broken.count, words: broken.first };
    if (untested !== undefined) return { check, status: 'untested', count: 0, words: untested };
    return { check, status: 'held', count: 0, words: '' };
  }

  /** The result of the check that all requests were answered; `mayFail`: some need not be. */
  answered(mayFail: boolean, untested?: string): Finding {
    const count = [...this.#failures.values()].reduce((sum, failed) => sum + failed, 0);
    if (count === 0) return this.finding('answered', untested);
    const how = [...this.#failures].map(([why, failed]) => `${failed} ${why}`).join(', ');
    const words = mayFail ? `requests may fail, and did: ${how}` : how;
    return { check: 'answered', status: mayFail ? 'untested' : 'broken', count, words };
  }
}
