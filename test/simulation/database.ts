/** A real store under simulation, on a database of its own for each history. */
import type { Batch, Outcome } from '../../src/contract/counting.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Store } from '../../src/contract/store.ts';

export interface Database {
  /** Begins with an empty database. */
  begin(limits: StoreLimits): Promise<void>;
  /**
   * What the store does when the clock of who asks says `at`, in milliseconds since 1970.
   * `replica` is the number of who asks.
   */
  at(at: number, replica?: number): Store;
  /** As the store's commit; its `failing`th command fails, if it comes that far. */
  commit(batch: Batch, at: number, replica: number, failing: number): Promise<readonly Outcome[]>;
  /** Whether the last commit, which failed with `hit-unconfirmed`, was applied. */
  readonly applied: boolean;
  /** Forgets writers that were silent for as long as the store may forget them. */
  forgetWriters(writers: readonly string[], at: number): Promise<void>;
  /** Keeps a copy of all that is stored, which `setBack` puts in its place. */
  backUp(): Promise<void>;
  setBack(): Promise<void>;
  empty(): Promise<void>;
  /** Lets go of the database. */
  end(): Promise<void>;
}
