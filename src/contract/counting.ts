/**
 * The counting part of a store: commits of batches, and reading totals.
 *
 * A store applies whole batches. Each batch carries its writer and a sequence number, so that a
 * batch which is sent again after a lost connection or reply is recognised and counts once.
 * `test/contract/counting-contract.ts` and `rules-contract.ts` are this contract as suites; every
 * store runs them on the real database.
 */
import type { Kind } from './history.ts';

/** What one batch adds to one counter. `amount` is a safe integer and may be negative. */
export interface Change {
  readonly counter: string;
  readonly amount: number;
  /** This change belongs to one request, and counts once however often the request is sent. */
  readonly once?: RequestKey | undefined;
  /**
   * `false`: this change must not create its counter. If it does not exist, the outcome is
   * `missing`.
   */
  readonly make?: boolean | undefined;
  /**
   * The part of the amount that each kind of visits has added; undefined when programs added all.
   */
  readonly kinds?: Readonly<Partial<Record<Kind, number>>> | undefined;
  /** Today's visitors in this change, each once. */
  readonly visitors?: readonly ChangeVisitor[] | undefined;
}

/** One of today's visitors in a change. */
export interface ChangeVisitor {
  /** `Visitor.id`. */
  readonly id: string;
  readonly kind: Kind;
  /**
   * The number of their visits in the change: hits of amount 1, which a window counts once. Hits
   * of other amounts are not visits.
   */
  readonly visits: number;
}

/** Identifies a repeated request: an idempotency key, and a description of the request. */
export interface RequestKey {
  /** Unique among the keys of all counters: 1 to 64 letters, digits, `_` and `-`. */
  readonly key: string;
  /**
   * The request, in a few characters without spaces: a different request with the same key is
   * refused.
   */
  readonly request: string;
}

/**
 * Many hits as one write. Its changes are made in their order; a counter may have several. An
 * empty batch is stored, too, and uses its number, so it fails when any other would; but it need
 * not survive a crash.
 */
export interface Batch {
  /** The writer: unique for each `Counter` of each process. */
  readonly writer: string;
  /**
   * 1 for a writer's first batch, then incremented. A retry repeats number and changes unaltered.
   * An empty batch may reuse the number of a batch that was sent and given up; the one that the
   * store applies first keeps it.
   */
  readonly sequence: number;
  readonly changes: readonly Change[];
  /**
   * The shard of its counters (`Division`), and of its writer, which has all its batches in one
   * shard; 0 when undefined.
   */
  readonly shard?: number | undefined;
}

/**
 * The division of names into shards. Each counter belongs to one shard for ever. A batch is
 * atomic, and a writer is known, within one shard only.
 */
export interface Division {
  /** The number of shards. */
  readonly shards: number;
  /** The shard of a counter, or of a visitor (`limiter.ts`): 0 to `shards` - 1. */
  shardOf(name: string): number;
}

/** How a change was applied to a counter that is private or has a window (`Rules`). */
export interface CountedOutcome {
  readonly total: number;
  /** Whether only the counter's owner may know the total. */
  readonly private: boolean;
  /**
   * For each visitor of the change, in order, whether their first visit counted; it does not if
   * they were counted earlier within the window. Their further visits do not count. A visitor that
   * a full store does not remember counts each time. Undefined when the counter has no window.
   */
  readonly counted?: readonly boolean[] | undefined;
}

/**
 * The outcome of one change: the counter's new total, as a number or in a `CountedOutcome`, or the
 * reason why this change was not applied. The rest of its batch is applied, so that one bad
 * counter does not affect the others.
 * - `out-of-range`: the total would leave the range from -(2^53-1) to 2^53-1, in which a JSON
 *   number is exact.
 * - `unreadable`: the value under the counter's name is not an integer.
 * - `key-reused`: the key of `once` was used for another request.
 * - `missing`: the counter does not exist, and this change may not create it.
 * - `counters-full`: the counter does not exist, and the maximum number of counters is reached.
 * - `keys-full`: the maximum number of keys is stored.
 *
 * A change whose key was used for the same request before is not applied again, and has the
 * earlier outcome. A change that was not applied is not remembered.
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

/** The part of a store that commits batches and reads totals. */
export interface Counting {
  /** Undefined when all counters are in one shard. */
  readonly division?: Division | undefined;

  /**
   * Applies the batch completely and durably, then returns one outcome per change, in order. The
   * same writer and sequence number again changes nothing and gets the same outcomes. One commit
   * at a time per writer. An empty batch that reuses the number of another gets the other's
   * outcomes, if that was applied.
   *
   * Fails with `store-unavailable`: certainly not applied · `store-unusable`: the same, and the
   * store's configuration must change · `hit-unconfirmed`: may have been applied, send the same
   * batch again · `sequence-mismatch`: not applied, because the writer's last number in the store
   * is neither this one nor the previous one (the store lost or forgot the writer, or the writer
   * made a mistake).
   */
  commit(batch: Batch): Promise<readonly Outcome[]>;

  /**
   * Resolves when a commit need not wait for other processes; never fails. Called before a batch
   * is formed, so that hits which arrive meanwhile join it. A store without such waits has no such
   * method.
   */
  waitForTurn?(): Promise<void>;

  /**
   * The totals that everybody may read, `undefined` for missing and private counters. Fails with
   * `store-unavailable`, `store-unusable`, `counter-unreadable`.
   */
  read(counters: readonly string[]): Promise<readonly (number | undefined)[]>;

  /**
   * Proves that a commit would succeed: writes in the same way, counts nothing, and leaves no
   * growing data. Resolves when the write is on disk. For a process without batches of its own, as
   * at the start. Fails with `store-unavailable`, `store-unusable`.
   */
  ping(): Promise<void>;

  /**
   * True if memory or disk was so short at the last commit that nothing new is stored: no counter,
   * key, visitor or hour of the history. Existing counters keep counting.
   */
  readonly short: boolean;
}

/**
 * The minimum time that a store remembers a silent writer. A batch is retried only while a request
 * waits for it, which is far shorter: a store that forgot a writer during a retry could count its
 * first batch twice.
 */
export const WRITER_MEMORY_MS = 24 * 60 * 60 * 1000;

/** The minimum time that a store remembers the key of a request, as promised to clients (P5). */
export const KEY_MEMORY_MS = 24 * 60 * 60 * 1000;
