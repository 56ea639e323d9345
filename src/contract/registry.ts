/**
 * The part of a store that creates, sets, lists and deletes counters and knows their owners.
 *
 * Each operation may be repeated when its reply was lost; it then has the same effect and result.
 * `test/contract/registry-contract.ts` is this contract as a suite. Not here: who may do what
 * (`http/visit/owners.ts`).
 */

/** What a counter lets everybody do; its owner may do more. */
export interface Rules {
  /** The least and the most that one hit may add. */
  readonly lowest: number;
  readonly highest: number;
  /** Whether anybody may set it. */
  readonly settable: boolean;
  /** Only its owner may read it. Everybody can count on it, but gets no number. */
  readonly private: boolean;
  /**
   * The time in which the visits of one visitor count once, in milliseconds; 0 counts each visit.
   */
  readonly windowMs: number;
}

/**
 * The default rules, also of counters created by a first hit: everybody may count, and nothing
 * else.
 */
export const RULES: Rules = {
  lowest: 0,
  highest: 1,
  settable: false,
  private: false,
  windowMs: 0,
};

/** What a page shows of a counter's site; undefined where there is none. */
export interface Label {
  /** 1 to 100 characters in one line (`counter/label.ts`). */
  readonly title?: string | undefined;
  /** A normalised http or https URL of at most 500 characters. */
  readonly link?: string | undefined;
}

/** The properties of a new counter. */
export interface Draft extends Label {
  /** The initial total. */
  readonly total: number;
  /** The time of creation, in milliseconds since 1970. */
  readonly madeAt: number;
  /**
   * The hash of a token that nobody else has; `undefined` for no owner: then a repeated creation
   * returns `exists`.
   */
  readonly owner?: string | undefined;
  readonly rules?: Rules | undefined;
}

/** A counter as the store has it. */
export interface Description extends Label {
  readonly counter: string;
  readonly total: number;
  /**
   * Milliseconds since 1970; `undefined` for one that another program or an early Seen created.
   */
  readonly madeAt: number | undefined;
  /** The hash of its owner's token; `undefined` when it has no owner. */
  readonly owner: string | undefined;
  readonly rules: Rules;
}

/** Changes of rules. Rules that are not given stay as they are. */
export type RuleChanges = { readonly [Rule in keyof Rules]?: Rules[Rule] | undefined };

/** Changes of a counter. Fields that are not given stay as they are. */
export interface CounterChanges {
  readonly total?: number | undefined;
  /**
   * The hash of the new owner's token, which nobody else has. A counter that has this owner
   * already meets a condition on the earlier owner, so that the change can be repeated.
   */
  readonly owner?: string | undefined;
  readonly rules?: RuleChanges | undefined;
  /** `null` removes the title. */
  readonly title?: string | null | undefined;
  /** `null` removes the link. */
  readonly link?: string | null | undefined;
}

/**
 * A condition for changing or deleting a counter. The store checks it in the transaction that
 * makes the change, so that an earlier check of the caller still holds. All given fields must be
 * true.
 */
export interface Condition {
  /**
   * The hash of its owner's token. Each new counter gets a new token, so this also distinguishes a
   * counter from a later one with the same name.
   */
  readonly owner?: string | undefined;
  /** `true`: it has no owner. */
  readonly unowned?: boolean | undefined;
  /** `true`: everybody may set it. */
  readonly settable?: boolean | undefined;
  /**
   * It was created then or later, in milliseconds since 1970. A counter without this time does not
   * match.
   */
  readonly madeSince?: number | undefined;
  /** Its total is less. */
  readonly totalBelow?: number | undefined;
}

/** Selects counters to list. */
export interface ListQuery {
  /** The beginning of the name; undefined for any. */
  readonly prefix?: string | undefined;
  /** Part of the name; empty for all. */
  readonly search: string;
  /** The name after which to start; empty for the beginning. Names are in byte order. */
  readonly after: string;
  readonly limit: number;
}

/** One page of a list of counters. */
export interface Page {
  readonly counters: readonly Description[];
  /**
   * The `after` of the next page; `undefined` on the last page. A page may be short without being
   * the last.
   */
  readonly next: string | undefined;
}

/**
 * The number of counters to delete in one call while visits come in. This takes Redis or SQLite
 * about a millisecond, if the counters have as little history as a flood gives them. Measured as
 * CPU time on a busy machine: 4.5 ms for 100, listed and deleted, in Redis, and 3.9 ms in SQLite.
 */
export const DELETED_AT_ONCE = 25;

/** The outcome of a deletion. `differs`: the counter does not meet the condition, and was kept. */
export type Deletion = 'deleted' | 'missing' | 'differs';

/**
 * All operations may fail with `store-unavailable` and `store-unusable`, and those that change
 * something also with `hit-unconfirmed`.
 */
export interface Registry {
  /**
   * Creates a counter. Returns `exists` if another owner has it already, and `counters-full` if
   * the maximum number of counters is reached.
   */
  create(counter: string, draft: Draft): Promise<'created' | 'exists' | 'counters-full'>;

  /** The counter; `undefined` if it is not stored. Fails with `counter-unreadable`. */
  describe(counter: string): Promise<Description | undefined>;

  /**
   * Changes a counter in one transaction, all of `changes` or nothing, and returns the changed
   * counter. Returns `missing` if it does not exist, and `differs` if it does not meet the
   * condition. The default counter always exists. Fails with `counter-unreadable`, and with
   * `store-full` for a title or link when space is short, having changed nothing.
   */
  change(
    counter: string,
    changes: CounterChanges,
    condition?: Condition,
  ): Promise<Description | 'missing' | 'differs'>;

  /**
   * Deletes the counters that meet the condition, with all their data, in one transaction. Returns
   * the outcomes in order. This blocks the database, so pass `DELETED_AT_ONCE` counters at a time.
   * When repeated after a lost reply, it returns `missing` for counters that it had deleted, and
   * deletes those that visits have created since.
   */
  delete(counters: readonly string[], condition?: Condition): Promise<readonly Deletion[]>;

  /**
   * The selected counters, in byte order of their names. A search looks at 10,000 names for one
   * page, or at so many in each shard.
   */
  list(wanted: ListQuery): Promise<Page>;

  /** The number of counters. */
  size(): Promise<number>;
}
