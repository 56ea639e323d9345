/**
 * Replicas know each other through the store: each tells it now and then that it is there, and
 * hears who else is.
 *
 * `test/contract/presence-contract.ts` is this contract as a suite. Not here: when
 * (`replicas/heartbeat.ts`). Nothing that counts depends on it.
 */

/** What a replica tells of itself. */
export interface HeartbeatReport {
  /** Another one each time that a process starts. */
  readonly id: string;
  /** As in `X-Served-By`; a replacement may have the same. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** What it has counted since then. */
  readonly hits: number;
  /** `draining` answers what is under way; `gone` has stopped in order. */
  readonly state: 'ready' | 'draining' | 'gone';
}

/** A replica as the others know it. */
export interface HeardReplica extends HeartbeatReport {
  /** For how long nothing was heard of it, on the store's clock. */
  readonly silentMs: number;
}

/**
 * For so long a replica of which nothing is heard is remembered: as long as somebody may look for
 * it.
 */
export const PRESENCE_MEMORY_MS = 60_000;

/** What a database must do so that replicas know each other. */
export interface Presence {
  /**
   * Notes down that this replica is there, and answers all of which something was heard within
   * `PRESENCE_MEMORY_MS`, in no order, this one among them. Nothing of it need survive a crash.
   * Fails with `store-unavailable`, `store-unusable`, `hit-unconfirmed`.
   */
  heartbeat(report: HeartbeatReport): Promise<readonly HeardReplica[]>;
}
