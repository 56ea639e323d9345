/**
 * Counters on their way out and in: what a database must do so that all of them can be taken
 * elsewhere, and brought back.
 *
 * What goes out has each counter whole, although counting goes on; what comes in is brought once,
 * however often it is sent. What ends by itself is left out: salts, who today's visitors
 * are, keys of requests, writers. `test/contract/archive-contract.ts` is this contract as a suite.
 * Not here: files and their formats (`archive/`).
 */
import type { CounterHistory } from './history.ts';
import type { Description } from './registry.ts';

/** All that is kept of one counter. */
export interface ArchivedCounter extends Description {
  readonly past: CounterHistory;
}

/**
 * What to do with a counter that is there already: leave it, add total and history to it, or put
 * what is brought in its place.
 */
export type ExistingPolicy = 'keep' | 'add' | 'replace';

/** Under what terms counters are brought. */
export interface ImportTerms {
  /**
   * Names what they come from: 1 to 64 letters, digits, `_` and `-`. What has come from there once
   * does not come again.
   */
  readonly source: string;
  readonly existing: ExistingPolicy;
}

/**
 * What became of one counter that was brought:
 * - `made`, `kept`, `added`, `replaced`: what was done with it
 * - `done`: this source has brought it before; nothing was changed
 * - `out-of-range`: added up, the total or a figure of the history would leave the range in which
 *   numbers are exact; nothing was changed
 * - `unreadable`: the store holds something else under its name; nothing was changed
 * - `counters-full`: there is no such counter, and there are as many as may be
 */
export type ImportOutcome =
  | 'made'
  | 'kept'
  | 'added'
  | 'replaced'
  | 'done'
  | 'out-of-range'
  | 'unreadable'
  | 'counters-full';

/** All may fail with `store-unavailable`, `store-unusable`. */
export interface Archive {
  /**
   * All counters, each once, in the order of the names' bytes, while counting goes on. Each is as
   * it was at one moment between the call and its own turn. SQLite gives all as of the same
   * moment. A counter that is made or deleted meanwhile may be there or not. Fails with
   * `counter-unreadable`.
   */
  readAll(): AsyncIterable<ArchivedCounter>;

  /**
   * Imports counters, each whole or not at all, and answers what became of each, in their order.
   * Which source it was is remembered in the same write, for as long as there is the counter and
   * nobody has replaced it. Fails with `hit-unconfirmed`, and may then be asked again.
   */
  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]>;

  /** What `importAll` would answer for each, were it alone. Changes nothing. */
  previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]>;
}
