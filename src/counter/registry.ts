/**
 * Counters as things that are made, owned, set, listed and deleted: what a database must do for them beside counting.
 *
 * Each of these may be asked again when its answer was lost, and then does and answers what it did and answered at first.
 * `test/store-contract.ts` is this contract as a suite. Not here: who may do what (`http/owners.ts`).
 */

/** What a counter lets everybody do; its owner may do more. */
export interface Rules {
  /** The least and the most that one hit may add. */
  readonly lowest: number;
  readonly highest: number;
  /** Whether anybody may set it. */
  readonly settable: boolean;
  /** Whether only its owner may read it. Everybody counts on it all the same, and is not told the number. */
  readonly private: boolean;
  /** For how long visits of one visitor count once, in milliseconds; 0 when each counts. */
  readonly windowMs: number;
}

/** The rules of a counter that was made without any, or by its first hit: everybody counts, and that is all. */
export const RULES: Rules = { lowest: 0, highest: 1, settable: false, private: false, windowMs: 0 };

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

/** What counters to list. */
export interface Wanted {
  /** Part of the name; empty for all. */
  readonly search: string;
  /** After which name; empty for the beginning. Names are in the order of their bytes. */
  readonly after: string;
  readonly limit: number;
}

export interface Page {
  readonly counters: readonly Description[];
  /** What to list after; `undefined` when there is no more. There may be more although this page is short. */
  readonly next: string | undefined;
}

/** All may fail with `store-unavailable`, `store-unusable`, and what changes something with `hit-unconfirmed`. */
export interface Registry {
  /**
   * Makes a counter. Answers `exists` when there is one already that is not of this owner, and `counters-full` when there are as many as
   * may be.
   */
  make(counter: string, draft: Draft): Promise<'made' | 'exists' | 'counters-full'>;

  /** Fails with `counter-unreadable`. */
  describe(counter: string): Promise<Description | undefined>;

  /** Sets the total. Answers whether there is such a counter. The default counter is always there. */
  set(counter: string, total: number): Promise<boolean>;

  /** Gives the counter another owner. Answers whether there is such a counter. */
  give(counter: string, owner: string): Promise<boolean>;

  /** Gives the counter other rules. Answers whether there is such a counter. */
  rule(counter: string, rules: Rules): Promise<boolean>;

  /** Deletes the counter and all that is kept of it, if there is one. */
  delete(counter: string): Promise<void>;

  list(wanted: Wanted): Promise<Page>;

  /** How many counters there are. */
  size(): Promise<number>;
}

/** Rules as a store keeps them: in a few characters. */
export function writeRules({ lowest, highest, settable, private: hidden, windowMs }: Rules): string {
  return `${lowest} ${highest} ${settable ? 'settable' : 'fixed'} ${hidden ? 'private' : 'public'} ${windowMs}`;
}

/** The rules that were written so; the usual ones where none are kept. */
export function readRules(text: string | null | undefined): Rules {
  if (text === null || text === undefined) return RULES;
  const [lowest, highest, settable, hidden, windowMs = '0'] = text.split(' ');
  return {
    lowest: Number(lowest),
    highest: Number(highest),
    settable: settable === 'settable',
    private: hidden === 'private',
    windowMs: Number(windowMs),
  };
}
