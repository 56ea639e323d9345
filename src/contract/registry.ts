/**
 * Counters as things that are made, owned, set, listed and deleted: what a database must do for
 * them beside counting.
 *
 * Each of these may be asked again when its answer was lost, and then does and answers what it did
 * and answered at first. `test/contract/registry-contract.ts` is this contract as a suite. Not
 * here: who may do what (`http/visit/owners.ts`).
 */

/** What a counter lets everybody do; its owner may do more. */
export interface Rules {
  /** The least and the most that one hit may add. */
  readonly lowest: number;
  readonly highest: number;
  /** Whether anybody may set it. */
  readonly settable: boolean;
  /**
   * Whether only its owner may read it. Everybody counts on it all the same, and is not told the
   * number.
   */
  readonly private: boolean;
  /** For how long visits of one visitor count once, in milliseconds; 0 when each counts. */
  readonly windowMs: number;
}

/**
 * The rules of a counter that was made without any, or by its first hit: everybody counts, and
 * that is all.
 */
export const RULES: Rules = {
  lowest: 0,
  highest: 1,
  settable: false,
  private: false,
  windowMs: 0,
};

/** What a new counter is to be. */
export interface Draft {
  /** What it starts at. */
  readonly total: number;
  /** When it is made, in milliseconds since 1970. */
  readonly madeAt: number;
  /** The hash of a token that nobody else has. */
  readonly owner: string;
  readonly rules?: Rules | undefined;
}

/** A counter as the store has it. */
export interface Description {
  readonly counter: string;
  readonly total: number;
  /** Milliseconds since 1970; `undefined` for one that somebody else made, or an early Seen. */
  readonly madeAt: number | undefined;
  /** The hash of its owner's token; `undefined` when it has no owner. */
  readonly owner: string | undefined;
  readonly rules: Rules;
}

/** Rules that are to be changed. What is not given stays as it is. */
export type RuleChanges = { readonly [Rule in keyof Rules]?: Rules[Rule] | undefined };

/** What to change of a counter. What is not given stays as it is. */
export interface CounterChanges {
  readonly total?: number | undefined;
  /** The hash of another owner's token. */
  readonly owner?: string | undefined;
  readonly rules?: RuleChanges | undefined;
}

/**
 * What must be true of a counter when it is changed or deleted. The store compares in the
 * transaction that makes the change, so that a check which the caller has made before still holds.
 * All that is given must be true.
 */
export interface Condition {
  /**
   * The hash of its owner's token. Each counter that is made gets a new token, so this also tells
   * one counter from the next.
   */
  readonly owner?: string | undefined;
  /** With `true` it has no owner. */
  readonly unowned?: boolean | undefined;
  /** With `true` everybody may set it. */
  readonly settable?: boolean | undefined;
  /**
   * It was made then or later, in milliseconds since 1970. One of which this is not known does not
   * meet it.
   */
  readonly madeSince?: number | undefined;
  /** Its total is less. */
  readonly totalBelow?: number | undefined;
}

/** What counters to list. */
export interface ListQuery {
  /** How the name begins; without it, in any way. */
  readonly prefix?: string | undefined;
  /** Part of the name; empty for all. */
  readonly search: string;
  /** After which name; empty for the beginning. Names are in the order of their bytes. */
  readonly after: string;
  readonly limit: number;
}

export interface Page {
  readonly counters: readonly Description[];
  /**
   * What to list after; `undefined` when there is no more. There may be more although this page is
   * short.
   */
  readonly next: string | undefined;
}

/**
 * So many counters are deleted at once while visits come in: about a millisecond of Redis or of
 * SQLite, where the counters have the little history that a flood gives them. Measured as CPU time
 * on a busy machine: 4.5 ms for 100, listed and deleted, in Redis, and 3.9 ms in SQLite.
 */
export const DELETED_AT_ONCE = 25;

/**
 * What became of a counter that was to be deleted. `differs`: it does not meet the condition, and
 * is still there.
 */
export type Deletion = 'deleted' | 'missing' | 'differs';

/**
 * All may fail with `store-unavailable`, `store-unusable`, and what changes something with
 * `hit-unconfirmed`.
 */
export interface Registry {
  /**
   * Creates a counter. Answers `exists` when there is one already that is not of this owner, and
   * `counters-full` when there are as many as may be.
   */
  create(counter: string, draft: Draft): Promise<'created' | 'exists' | 'counters-full'>;

  /** Fails with `counter-unreadable`. */
  describe(counter: string): Promise<Description | undefined>;

  /**
   * Changes a counter in one transaction, all of `changes` or nothing, and answers what the
   * counter is then. Answers `missing` when there is none, and `differs` when it does not meet the
   * condition. The default counter is always there. Fails with `counter-unreadable`, having
   * changed nothing.
   */
  change(
    counter: string,
    changes: CounterChanges,
    condition?: Condition,
  ): Promise<Description | 'missing' | 'differs'>;

  /**
   * Deletes those of the counters that meet the condition, with all that is kept of them, in one
   * transaction. Answers what became of each, in their order. The database is blocked for as long
   * as it takes, so `DELETED_AT_ONCE` is a good number. Asked again after a lost answer, it
   * answers `missing` for what it had deleted.
   */
  delete(counters: readonly string[], condition?: Condition): Promise<readonly Deletion[]>;

  list(wanted: ListQuery): Promise<Page>;

  /** How many counters there are. */
  size(): Promise<number>;
}
