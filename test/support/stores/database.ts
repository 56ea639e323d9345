/** What a test of the program needs of a database, of whatever kind it is. */
import type { StoreLimits } from '../../../src/contract/limits.ts';
import type { Store } from '../../../src/contract/store.ts';

/** A database of a test's own, empty at first. */
export interface Database extends AsyncDisposable {
  /** What `SEEN_STORE_URL` has to be. */
  readonly url: string;
  /** Its server, which nobody else uses meanwhile; undefined where the database is a file. */
  readonly server: DatabaseServer | undefined;
  /** Another store on it, to look into it. Who opens it closes it. */
  open(options?: OpenOptions): Store;
  /** Forgets everything, while programs have it open. */
  empty(): Promise<void>;
  /** The names of its counters, in no order: what the database itself has, whatever Seen says. */
  counters(): Promise<string[]>;
  /** All that it has stored, as it has it. */
  contents(): Promise<string>;
}

/** Limits other than those of the tests, and a clock other than the machine's. */
export type OpenOptions = Partial<StoreLimits> & {
  readonly now?: () => number;
  readonly timeoutMs?: number;
};

/** A server that can be mistreated. */
export interface DatabaseServer {
  readonly port: number;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** What stores are opened with where a test says nothing else. */
export const DEFAULTS = { timeoutMs: 20_000, now: Date.now };
