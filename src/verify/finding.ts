/** What the judge says of one check. */

/** What is checked, each by itself. */
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
  /** How often it was broken. */
  readonly count: number;
  /** The first evidence that it is broken, or why it was not tested. */
  readonly words: string;
}
