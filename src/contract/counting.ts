/**
 * What the counter needs of a database to count, in words and types.
 *
 * A store applies whole batches. Each batch carries who wrote it and its number in that writer's
 * line, so that a batch sent again after a lost connection or a lost answer is recognised and
 * counts once. `test/contract/counting-contract.ts` and `rules-contract.ts` are this contract as
 * suites; every store runs them on the real database.
 */
import type { Kind } from './history.ts';

/** What one batch adds to one counter. `amount` is a safe integer and may be negative. */
export interface Change {
  readonly counter: string;
  readonly amount: number;
  /** This is one request's, and counts once however often it is asked for. */
  readonly once?: RequestKey | undefined;
  /**
   * `false`: this change must not make its counter. Where there is none its outcome is `missing`.
   */
  readonly make?: boolean | undefined;
  /** How much of the amount visits of each kind have added; without it, programs did. */
  readonly kinds?: Readonly<Partial<Record<Kind, number>>> | undefined;
  /** Who of today's visitors it was, each once. */
  readonly visitors?: readonly ChangeVisitor[] | undefined;
}

/** One of today's visitors in a change. */
export interface ChangeVisitor {
  /** `Visitor.id`. */
  readonly id: string;
  readonly kind: Kind;
  /**
   * How many of their visits are in the change, each of which adds 1: those that a window makes
   * one. Hits of other amounts are not visits.
   */
  readonly visits: number;
}

/**
 * How a request that is sent again is recognised: an idempotency key, and what was asked under it.
 */
export interface RequestKey {
  /** Names the key among all of all counters: 1 to 64 letters, digits, `_` and `-`. */
  readonly key: string;
  /**
   * What is asked for, in a few characters without blanks: another one under the same key is
   * refused.
   */
  readonly request: string;
}

/**
 * Many hits as one write. No counter stands in it twice without `once`. Without changes it is
 * stored all the same and takes its number, so it fails where any other would; but nothing of it
 * need survive a crash.
 */
export interface Batch {
  /** Who writes: unique to one counter of one process. */
  readonly writer: string;
  /**
   * 1 for a writer's first batch, then one more for each. A retry repeats number and changes,
   * unaltered. A batch without changes may take the number of one that was sent and is given up;
   * whichever the store applies first keeps it.
   */
  readonly sequence: number;
  readonly changes: readonly Change[];
}

/** How a change was applied to a counter that is private or has a window (`Rules`). */
export interface CountedOutcome {
  readonly total: number;
  /** Whether only the counter's owner may know the total. */
  readonly private: boolean;
  /**
   * For each of the change's visitors in their order, whether their first visit counted: not when
   * they had been counted within the window before. What else they add in visits does not count. A
   * visitor of whom a full store keeps nothing counts each time. Undefined when the counter has no
   * window.
   */
  readonly counted?: readonly boolean[] | undefined;
}

/**
 * What became of one change: the counter's new total, alone or with how it was counted, or why
 * this one change was left out (the rest of its batch is applied all the same, so that one bad
 * counter does not take the others with it).
 * - `out-of-range`: the total would leave the range from -(2^53-1) to 2^53-1, in which a JSON
 *   number is exact.
 * - `unreadable`: under the counter's name the store holds something that is not an integer.
 * - `key-reused`: the key of `once` was used for another request.
 * - `missing`: there is no such counter, and hits make none, or this change may not.
 * - `counters-full`: there is no such counter, and there are as many as may be.
 * - `keys-full`: so many keys are remembered that this one cannot be.
 *
 * A change whose key was used for the same request before is not applied again, and its outcome is
 * that of then. What was left out is not remembered.
 */
export type Outcome =
  | number
  | CountedOutcome
  | 'out-of-range'
  | 'unreadable'
  | 'key-reused'
  | 'keys-full'
  | 'missing'
  | 'counters-full';

/** Counting: commits, and totals read. */
export interface Counting {
  /**
   * Applies the batch whole and durably, then answers one outcome per change, in their order. The
   * same writer and sequence number again changes nothing and gets the same outcomes. One commit
   * at a time per writer. A batch without changes in the place of another gets the other's
   * outcomes, if that was applied.
   *
   * Fails with `store-unavailable`: certainly not applied · `store-unusable`: the same, and
   * somebody has to mend the set-up · `hit-unconfirmed`: may have been applied, ask again with the
   * same batch · `sequence-mismatch`: not applied, for the last number kept for this writer is
   * neither this one nor the one before (the store lost or forgot the writer, or the writer made a
   * mistake).
   */
  commit(batch: Batch): Promise<readonly Outcome[]>;

  /**
   * Resolves when a commit would not be held back for the sake of other processes, at once where
   * there are none; never fails. Called before a batch is made up, so that hits which come
   * meanwhile go along. A store that holds nothing back has no such method.
   */
  waitForTurn?(): Promise<void>;

  /**
   * The totals that everybody may read, `undefined` where there is no such counter, or a private
   * one. Fails with `store-unavailable`, `store-unusable`, `counter-unreadable`.
   */
  read(counters: readonly string[]): Promise<readonly (number | undefined)[]>;

  /**
   * Proves that a commit would succeed: writes by the same way as a commit, counts nothing, and
   * leaves nothing behind that grows. Resolves when that is on disk. For a process that has no
   * batches of its own, as at the start. Fails with `store-unavailable`, `store-unusable`.
   */
  ping(): Promise<void>;

  /**
   * Whether memory or disk was so short at the last commit that nothing new is kept: no counter,
   * key, visitor or hour of the history. Counters that are there count on.
   */
  readonly short: boolean;
}

/**
 * How long a store remembers a writer that is silent, at the least. A batch is retried for as long
 * as somebody waits for it, which is far less: a store that forgot a writer in the middle of that
 * could count its first batch twice.
 */
export const WRITER_MEMORY_MS = 24 * 60 * 60 * 1000;

/**
 * How long a store remembers the key of a request at the least: what clients are promised (P5).
 */
export const KEY_MEMORY_MS = 24 * 60 * 60 * 1000;
