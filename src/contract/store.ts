/**
 * A store: all that Seen needs of a database, as a set of parts. Each part is a file beside this
 * one. Code that needs one part takes that part, and never the whole store.
 *
 * The store itself has only what concerns the database as a whole. Whether it accepts writes
 * (`ping`), when it can write next (`waitForTurn`), and whether space is short (`short`) belong to
 * `counting`, because the counter uses them.
 */
import type { Archive } from './archive.ts';
import type { Counting } from './counting.ts';
import type { History } from './history.ts';
import type { Limiter } from './limiter.ts';
import type { Presence } from './presence.ts';
import type { Registry } from './registry.ts';

/** The kind of database. */
export type StoreKind = 'sqlite' | 'redis' | 'postgres';

/** An open store. Its parts share one connection. */
export interface Store {
  readonly kind: StoreKind;
  /** Where the counts are stored, for messages; without passwords. */
  readonly place: string;
  readonly counting: Counting;
  readonly registry: Registry;
  readonly history: History;
  readonly limiter: Limiter;
  readonly presence: Presence;
  readonly archive: Archive;

  /**
   * Sentences about settings of the store that could lose counts, with advice. Empty when there
   * are none.
   */
  risks(): Promise<readonly string[]>;

  /** Closes the database. No part may be used afterwards; closing again does nothing. */
  close(): Promise<void>;
}
