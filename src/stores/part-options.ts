/**
 * The options of a store's parts besides their database, the same for both databases.
 *
 * Not here: reaching a database (`redis/connection.ts`, `sqlite/database.ts`).
 */
import type { StoreLimits } from '../contract/limits.ts';

export interface PartOptions extends StoreLimits {
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
