/** The interface of a test database: the same for each store. */
import type { StoreLimits } from '../../../src/contract/limits.ts';
import type { Store } from '../../../src/contract/store.ts';

/** A database for one test, empty at first. */
export interface Database extends AsyncDisposable {
  /** The value of `SEEN_STORE_URL`. */
  readonly url: string;
  /** Its server, used by this test only; undefined if the database is a file. */
  readonly server: DatabaseServer | undefined;
  /** Opens another store on it. The caller closes it. */
  open(options?: OpenOptions): Store;
  /** Deletes all data, while programs have it open. */
  empty(): Promise<void>;
  /** The names of its counters, in no order, read from the database and not through Seen. */
  counters(): Promise<string[]>;
  /** All stored data, in the form in which it is stored. */
  contents(): Promise<string>;
}

/** Limits that replace those of the tests, and a clock that replaces the machine's. */
export type OpenOptions = Partial<StoreLimits> & {
  readonly now?: () => number;
  readonly timeoutMs?: number;
};

/** A server in which tests cause faults. */
export interface DatabaseServer {
  readonly port: number;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Options of stores that a test does not set. */
export const DEFAULTS = { timeoutMs: 20_000, now: Date.now };
