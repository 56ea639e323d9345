/** What a suite of the contract needs to know about the store that it tests. */
import type { StoreLimits } from '../../src/contract/limits.ts';
import type { Store } from '../../src/contract/store.ts';

/** A store, of which no suite asks what kind it is. */
export type TestedStore = Omit<Store, 'kind'>;

/** How a suite gets at the store that it tests. */
export interface Subject {
  /**
   * A store on a database that the whole suite shares; called again, another one on the same
   * database, perhaps with other limits.
   */
  open: (options?: Partial<StoreLimits> & { now?: () => number }) => TestedStore;
  /** Whether a reading of all counters is of one moment (`Archive.readAll`). */
  readsOneMoment: boolean;
  /** Ends what the store needs. */
  end: () => Promise<void>;
}

/** What the stores of the suite may keep: more keys than it uses but where it tries the limit. */
export const LIMITS: StoreLimits = {
  keysMax: 40,
  visitorsMax: 10_000_000,
  hitsMake: true,
  countersMax: 1_000_000,
};
