/** A store: all that Seen needs of a database. Each part is a file beside this one. */
import type { Archive } from './archive.ts';
import type { Counting } from './counting.ts';
import type { History } from './history.ts';
import type { Limiter } from './limiter.ts';
import type { Presence } from './presence.ts';
import type { Registry } from './registry.ts';

export interface Store extends Counting, Registry, History, Limiter, Archive, Presence {
  /** Where the counts are kept, for people: without passwords. */
  readonly place: string;

  /**
   * How this store, as it is set up, could lose counts: sentences that also say what to set. Empty
   * when it cannot.
   */
  risks(): Promise<readonly string[]>;

  /**
   * Lets go of the database. Nothing may be asked of the store afterwards; closing again does
   * nothing.
   */
  close(): Promise<void>;
}
