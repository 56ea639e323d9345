/**
 * The state of the store, from the last commit or probe. Readiness, metrics, the page and the log
 * use it, so they never disagree. Not here: sending probes (`counter.ts`, `Counter.probe`).
 */
import type { Clock } from './clock.ts';
import { isAppError, messageOf } from './errors.ts';

export interface StoreHealthOptions {
  readonly clock: Pick<Clock, 'now'>;
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

/** Collects the results of commits and probes, and reports outages. */
export class StoreHealth {
  readonly #options: StoreHealthOptions;
  #failure: string | undefined;
  #outage: Outage | undefined;
  /** When the last commit or probe ended, on the clock. */
  #heardAt: number;

  constructor(options: StoreHealthOptions) {
    this.#options = options;
    this.#heardAt = options.clock.now();
  }

  /** Why a commit would fail, for people; `undefined` when it would succeed. */
  get failure(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const isSilent = this.#options.clock.now() - this.#heardAt > SILENT_MS;
    return isSilent ? 'the store does not answer' : undefined;
  }

  /** A batch was stored. */
  succeeded(): void {
    this.#failure = undefined;
    const { clock, onRecovery } = this.#options;
    this.#heardAt = clock.now();
    if (!this.#outage || clock.now() - this.#outage.lastFailureAt < CALM_MS) return;
    const seconds = (this.#outage.lastFailureAt - this.#outage.since) / 1000;
    this.#outage = undefined;
    onRecovery(seconds);
  }

  /**
   * Visits were given up because the store was slow. This alone starts no outage: its cause is
   * reported by `failed`, and a replica that is merely overloaded has none.
   */
  late(reason: string): void {
    this.#failure ??= reason;
  }

  /** A batch was not stored. */
  failed(error: unknown): void {
    const { clock, onOutage } = this.#options;
    this.#failure = messageOf(error);
    const now = clock.now();
    this.#heardAt = now;
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
