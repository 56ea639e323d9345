/**
 * Export and import: the part of a store that reads all counters and writes them again.
 *
 * An export has each counter as of one moment, while counting continues. An import of the same
 * source is applied once, however often it is repeated. Data that expires is not exported: salts,
 * hashes of today's visitors, keys of requests, writers. `test/contract/archive-contract.ts` is
 * this contract as a suite. Not here: files and their formats (`archive/`).
 */
import type { CounterHistory } from './history.ts';
import type { Description } from './registry.ts';

/** All stored data of one counter. */
export interface ArchivedCounter extends Description {
  readonly past: CounterHistory;
}

/**
 * What to do with a counter that exists already: keep it, add the total and history to it, or
 * replace it.
 */
export type ExistingPolicy = 'keep' | 'add' | 'replace';

/** The source of an import, and its rule for counters that exist already. */
export interface ImportTerms {
  /**
   * Identifies the source: 1 to 64 letters, digits, `_` and `-`. A counter is imported once from
   * each source.
   */
  readonly source: string;
  readonly existing: ExistingPolicy;
}

/**
 * The outcome for one imported counter:
 * - `made`, `kept`, `added`, `replaced`: the counter was created, kept, added to or replaced
 * - `done`: it was imported from this source before; nothing was changed
 * - `out-of-range`: added up, the total or a figure of the history would leave the range in which
 *   numbers are exact; nothing was changed
 * - `unreadable`: the store has other data under its name; nothing was changed
 * - `counters-full`: the counter does not exist, and the maximum number of counters is reached
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

/** All operations may fail with `store-unavailable`, `store-unusable`. */
export interface Archive {
  /**
   * All counters, each once, in the byte order of their names, while counting continues. Each is
   * as it was at one moment between the call and its delivery; on SQLite that moment is the same
   * for all. A counter that is created or deleted meanwhile may or may not be included. With
   * `after` it begins after that name. Fails with `counter-unreadable`.
   */
  readAll(after?: string): AsyncIterable<ArchivedCounter>;

  /**
   * Imports counters, each completely or not at all, and returns the outcomes in the same order.
   * The same write records the source on the counter, until it is deleted or replaced. Fails with
   * `hit-unconfirmed`, and may then be repeated.
   */
  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]>;

  /** The outcome that `importAll` would return for each counter alone. Changes nothing. */
  previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]>;
}
