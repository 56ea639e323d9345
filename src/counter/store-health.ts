/**
 * The state of the store, from the last commit or probe. Readiness, metrics, the page and the log
 * use it, so they never disagree. Not here: sending probes (`counter.ts`, `Counter.probe`).
 */
import type { Clock } from './clock.ts';
import { isAppError, messageOf } from './errors.ts';

export interface StoreHealthOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** The number of shards of the store (`Division`); 1 when undefined. */
  readonly shards?: number | undefined;
  /** An outage has begun, or has become permanent (`store-unusable`, or a bug in the store). */
  readonly onOutage: (error: unknown) => void;
  /** The outage is over; `seconds` is how long it lasted. */
  readonly onRecovery: (seconds: number) => void;
}

/**
 * An outage ends when nothing has failed for this long, so a store with frequent failures has one
 * long outage, which is logged once. Longer than two probes, which are 2 s apart.
 */
const CALM_MS = 5000;

/**
 * Silence for this long means that the store does not answer: a commit or a probe ends every 2 s.
 */
const SILENT_MS = 6000;

interface Outage {
  readonly since: number;
  lastFailureAt: number;
  /** Whether it was reported as permanent. */
  lasting: boolean;
}

/** The state of one shard. */
interface ShardHealth {
  failure: string | undefined;
  /** When its last commit or probe ended, on the clock. */
  heardAt: number;
}

/** Collects the results of commits and probes, of all shards together, and reports outages. */
export class StoreHealth {
  readonly #options: StoreHealthOptions;
  readonly #shards: readonly ShardHealth[];
  #outage: Outage | undefined;

  constructor(options: StoreHealthOptions) {
    this.#options = options;
    const { shards = 1, clock } = options;
    this.#shards = Array.from({ length: shards }, () => ({
      failure: undefined,
      heardAt: clock.now(),
    }));
  }

  /** Why a commit in some shard would fail, for people; `undefined` when all would succeed. */
  get failure(): string | undefined {
    return this.#failures().find((failure) => failure !== undefined);
  }

  /** Why no commit would succeed, for people; `undefined` when one in some shard would. */
  get unready(): string | undefined {
    const failures = this.#failures();
    return failures.includes(undefined) ? undefined : failures[0];
  }

  #failures(): readonly (string | undefined)[] {
    const now = this.#options.clock.now();
    return this.#shards.map(({ failure, heardAt }) => {
      if (failure !== undefined) return failure;
      return now - heardAt > SILENT_MS ? 'the store does not answer' : undefined;
    });
  }

  /** A batch was stored in this shard. */
  succeeded(shard: number): void {
    const { clock, onRecovery } = this.#options;
    const health = this.#shards[shard];
    if (health) Object.assign(health, { failure: undefined, heardAt: clock.now() });
    if (!this.#outage || clock.now() - this.#outage.lastFailureAt < CALM_MS) return;
    // Another shard still fails.
    if (this.failure !== undefined) return;
    const seconds = (this.#outage.lastFailureAt - this.#outage.since) / 1000;
    this.#outage = undefined;
    onRecovery(seconds);
  }

  /**
   * Visits were given up because the store was slow. This alone starts no outage: its cause is
   * reported by `failed`, and a replica that is merely overloaded has none.
   */
  late(shard: number): void {
    const health = this.#shards[shard];
    if (health) health.failure ??= 'the store does not answer visits in time';
  }

  /** A batch was not stored in this shard. */
  failed(error: unknown, shard: number): void {
    const { clock, onOutage } = this.#options;
    const now = clock.now();
    const health = this.#shards[shard];
    if (health) Object.assign(health, { failure: messageOf(error), heardAt: now });
    const lasting = !isAppError(error, 'store-unavailable', 'hit-unconfirmed');
    const before = this.#outage;
    this.#outage = {
      since: before?.since ?? now,
      lastFailureAt: now,
      lasting: lasting || (before?.lasting ?? false),
    };
    if (!before || (lasting && !before.lasting)) onOutage(error);
  }
}
