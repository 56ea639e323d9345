/**
 * Tells the store again and again that this replica is there, and keeps what it answers: which
 * others there are. In the same rhythm it has the counter find out whether the store takes visits.
 *
 * What it knows is as old as the last beat that was answered: while the store is away nobody is
 * taken for gone. Not here: how the store remembers (`contract/presence.ts`), and what a probe is
 * (`counter/counter.ts`).
 */

import type { HeardReplica, HeartbeatReport, Presence } from '../contract/presence.ts';
import { type Clock, pause } from '../counter/clock.ts';
import { briefly } from '../counter/patience.ts';

export interface HeartbeatOptions {
  readonly presence: Presence;
  readonly clock: Clock;
  /** What this replica is. */
  readonly self: Pick<HeartbeatReport, 'id' | 'name' | 'version' | 'startedAt'>;
  /** What it has counted since it started. */
  readonly hits: () => number;
  /** Has the counter find out whether a commit would succeed, if it does not know. */
  readonly probe: () => void;
}

/** A replica as it is shown. */
export interface KnownReplica extends Omit<HeartbeatReport, 'state'> {
  /** `gone`: stopped, or silent for longer than a beat can be late. */
  readonly state: HeartbeatReport['state'];
}

/** Between two beats: a change is seen within seconds, and it costs the store nothing. */
const EVERY_MS = 2000;
/** What the last word may take: less than anything else in a stop. */
const LAST_BEAT_MS = 500;
/** Whoever misses two beats and half of the next is not late. */
const GONE_AFTER_MS = 2.5 * EVERY_MS;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #state: HeartbeatReport['state'] = 'ready';
  #heard: readonly HeardReplica[] = [];
  #beating = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** All replicas that were heard of lately, by their names, the older first. */
  get replicas(): readonly KnownReplica[] {
    return this.#heard
      .map(({ silentMs, ...beat }) => ({
        ...beat,
        state: silentMs > GONE_AFTER_MS ? ('gone' as const) : beat.state,
      }))
      .toSorted((a, b) =>
        a.name === b.name ? a.startedAt - b.startedAt : a.name < b.name ? -1 : 1,
      );
  }

  /** Begins; what others say is known soon after. */
  start(): void {
    if (this.#beating) return;
    this.#beating = true;
    void this.#beatOn();
  }

  /** Tells that this replica drains. */
  drain(): void {
    this.#state = 'draining';
    void this.#beat();
  }

  /**
   * Tells that this replica is gone, and ends; resolves when that is told, or after a moment:
   * nothing is to wait for it.
   */
  async end(): Promise<void> {
    this.#beating = false;
    this.#state = 'gone';
    await briefly(this.#beat(), this.#options.clock, LAST_BEAT_MS);
  }

  async #beatOn(): Promise<void> {
    while (this.#beating) {
      this.#options.probe();
      // eslint-disable-next-line no-await-in-loop -- one beat after the other
      await this.#beat();
      // eslint-disable-next-line no-await-in-loop -- the pause between two
      await pause(this.#options.clock, EVERY_MS);
    }
  }

  /** Never fails: what is not told now is told with the next beat. */
  async #beat(): Promise<void> {
    const { presence, self, hits } = this.#options;
    try {
      this.#heard = await presence.heartbeat({ ...self, hits: hits(), state: this.#state });
    } catch {
      // The probe says that the store is away.
    }
  }
}
