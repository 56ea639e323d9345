/**
 * The part of a store through which replicas know each other: each reports regularly that it is
 * alive, and gets the list of the others.
 *
 * `test/contract/presence-contract.ts` is this contract as a suite. Counting does not depend on
 * it. Not here: when replicas report (`replicas/heartbeat.ts`).
 */

/** A replica's report about itself. */
export interface HeartbeatReport {
  /** New for each start of a process. */
  readonly id: string;
  /** As in `X-Served-By`; a replacement may have the same. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The hits that it has counted since then. */
  readonly hits: number;
  /** `draining`: it finishes its requests and stops; `gone`: it has stopped as intended. */
  readonly state: 'ready' | 'draining' | 'gone';
}

/** A replica as the others know it. */
export interface HeardReplica extends HeartbeatReport {
  /** Milliseconds since its last report, on the store's clock. */
  readonly silentMs: number;
}

/** The time for which a silent replica is remembered, so that people can still see it. */
export const PRESENCE_MEMORY_MS = 60_000;

/** The operations of presence. */
export interface Presence {
  /**
   * Records that this replica is alive, and returns all replicas that reported within
   * `PRESENCE_MEMORY_MS`, this one included, in no order. The data need not survive a crash. Fails
   * with `store-unavailable`, `store-unusable`, `hit-unconfirmed`.
   */
  heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]>;
}
