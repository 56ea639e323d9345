/** The result of one check. */

/** The checks. */
export type Check =
  | 'unique'
  | 'bounds'
  | 'order'
  | 'connection'
  | 'reads'
  | 'repeats'
  | 'answered';

export interface Finding {
  readonly check: Check;
  readonly status: 'held' | 'broken' | 'untested';
  /** The number of violations. */
  readonly count: number;
  /** The first evidence of a violation, or the reason why it was not tested. */
  readonly words: string;
}
