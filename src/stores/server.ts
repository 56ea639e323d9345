/**
 * What the stores share whose database is a server, which other machines reach too.
 *
 * Not here: reaching a server (`redis/connection.ts`, `postgres/connection.ts`).
 */
import type { PartOptions } from './part-options.ts';

export interface ServerPartOptions extends PartOptions {
  /**
   * The most that `now` may differ from the server's clock, in milliseconds. With a larger
   * difference a batch is refused. Without this option any difference is accepted.
   */
  readonly clocksDifferMaxMs?: number | undefined;
}

/** The error of a call when nobody knows whether it was applied. */
export type CodeIfLost = 'store-unavailable' | 'hit-unconfirmed';

/**
 * The age from which a connection is left after a refusal: about the interval of a batch's
 * retries, so that more frequent calls, such as rate limits, do not open hundreds a second.
 */
export const LEAVE_AFTER_MS = 500;
