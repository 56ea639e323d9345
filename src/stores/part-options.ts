/**
 * What the parts of a store are given besides their database. Both databases take the same.
 *
 * Not here: how a database is reached (`redis/connection.ts`, `sqlite/database.ts`).
 */
import type { StoreLimits } from '../contract/limits.ts';

export interface PartOptions extends StoreLimits {
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
