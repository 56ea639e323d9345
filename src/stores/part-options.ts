/**
 * The options of a store's parts besides their database, the same for all databases.
 *
 * Not here: what only servers need (`server.ts`), and reaching a database (`connection.ts` and
 * `database.ts` in each folder).
 */
import type { StoreLimits } from '../contract/limits.ts';

export interface PartOptions extends StoreLimits {
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
