/**
 * Reports regularly to the store that this replica is alive, and keeps the list of replicas that
 * the store returns. At the same interval it lets the counter probe the store; probes do not wait
 * for reports, because readiness needs them on time (`counter/store-health.ts`).
 *
 * The list is as old as the last successful heartbeat: while the store is unavailable no replica
 * becomes `gone`. Not here: presence in the store (`contract/presence.ts`), and probes
 * (`counter/counter.ts`).
 */

import type { HeardReplica, HeartbeatReport, Presence } from '../contract/presence.ts';
import { type Clock, pause, resultWithin } from '../counter/clock.ts';

export interface HeartbeatOptions {
  readonly presence: Presence;
  readonly clock: Clock;
  /** This replica. */
  readonly self: Pick<HeartbeatReport, 'id' | 'name' | 'version' | 'startedAt'>;
  /** The hits that it has counted since its start. */
  readonly hits: () => number;
  /** Lets the counter check whether a commit would succeed. */
  readonly probe: () => void;
}

/** A replica as it is shown. */
export interface KnownReplica extends Omit<HeartbeatReport, 'state'> {
  /** `gone`: stopped, or silent for longer than a heartbeat can be late. */
  readonly state: HeartbeatReport['state'];
}

/**
 * The time between two heartbeats: changes show within seconds, and the load on the store is
 * negligible.
 */
const EVERY_MS = 2000;
/** The time limit of the last report: less than any other step of a stop. */
const LAST_REPORT_MS = 500;
/** A replica that misses two heartbeats and half of the next is gone, not late. */
const GONE_AFTER_MS = 2.5 * EVERY_MS;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #state: HeartbeatReport['state'] = 'ready';
  #heard: readonly HeardReplica[] = [];
  #running = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** All known replicas, sorted by name, and for equal names by age, the oldest first. */
  get replicas(): readonly KnownReplica[] {
    return this.#heard
      .map(({ silentMs, ...report }) => ({
        ...report,
        state: silentMs > GONE_AFTER_MS ? ('gone' as const) : report.state,
      }))
      .toSorted((a, b) =>
        a.name === b.name ? a.startedAt - b.startedAt : a.name < b.name ? -1 : 1,
      );
  }

  /** Starts the heartbeats; the list is complete soon after. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#repeat(() => this.#options.probe());
    void this.#repeat(() => this.#report());
  }

  /** Reports that this replica drains. */
  drain(): void {
    this.#state = 'draining';
    void this.#report();
  }

  /**
   * Reports that this replica is gone, and ends the heartbeats. Resolves after the report, or
   * after a short time, so that nothing waits for it.
   */
  async end(): Promise<void> {
    this.#running = false;
    this.#state = 'gone';
    await resultWithin(this.#report(), this.#options.clock, LAST_REPORT_MS);
  }

  async #repeat(task: () => void | Promise<void>): Promise<void> {
    while (this.#running) {
      // eslint-disable-next-line no-await-in-loop -- one after the other
      await task();
      // eslint-disable-next-line no-await-in-loop -- the pause between two
      await pause(this.#options.clock, EVERY_MS);
    }
  }

  /** Never fails: the next heartbeat repeats a failed report. */
  async #report(): Promise<void> {
    const { presence, self, hits } = this.#options;
    try {
      this.#heard = await presence.heartbeat({ ...self, hits: hits(), state: this.#state });
    } catch {
      // The probe reports the outage.
    }
  }
}
