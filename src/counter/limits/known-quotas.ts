/**
 * A limiter that decides most requests from memory, and that fails open.
 *
 * Each replica allows a visitor as many requests as refill in a second before it asks the store.
 * With its question it reports them, so that all replicas share the quota. Decision 40 says by how
 * much a limit may be exceeded. Not here: calls of the store (`limiter-line.ts`), and the
 * arithmetic (`rate-limit.ts`).
 */

import { LRUCache } from 'lru-cache';
import type { Limit, Limiter, Verdict } from '../../contract/limiter.ts';
import type { Clock } from '../clock.ts';
import { LimiterLine, type LimiterOutcome } from './limiter-line.ts';
import { shareOf, takeFrom, verdictOf } from './rate-limit.ts';

/**
 * The number of visitors that a replica remembers, the most recent. They take about 5 MB. One that
 * sends ten requests a second is displaced only when 20,000 others come between two of them.
 */
const KNOWN_MAX = 20_000;
/**
 * The part of a quota below which each request is checked in the store: of a minute's quota, as
 * much as six replicas may have unreported together.
 */
const NEARLY_USED = 0.1;

/** What a replica knows of a visitor's quota. Times are microseconds on the clock. */
interface Known {
  /** When the quota is full again, by the store's verdicts and the requests allowed here. */
  fullAtUs: number;
  /** The number of requests that were allowed here and that the store does not know of. */
  unreported: number;
  /** When the first of them was allowed. */
  sinceUs: number;
  /** The number of requests that wait for the store. */
  asking: number;
}

/** A visitor: a key for this process's memory, and the name for the store, which costs more. */
export interface LimitedVisitor {
  readonly key: string | bigint;
  readonly who: () => string;
}

/** The number of requests that a replica allows a visitor before it asks the store. */
export function unreportedMax({ quota, windowMs }: Limit): number {
  return Math.floor((quota * 1000) / windowMs);
}

/**
 * The quotas of one limit. Asks a limiter only where it must. A slow or failing store delays no
 * request for longer than `LIMITER_WAIT_MS`.
 */
export class KnownQuotas {
  readonly limit: Limit;
  readonly #unreportedMax: number;
  readonly #clock: Clock;
  readonly #limiter: Limiter;
  /** One for each shard, so that one which is lost or slow delays no other. */
  readonly #lines: readonly LimiterLine[];
  readonly #known = new LRUCache<string | bigint, Known>({ max: KNOWN_MAX });
  #uncheckedFullAtUs: number | undefined;

  /** `most`: the number of requests that are allowed before the store is asked. */
  constructor(limit: Limit, limiter: Limiter, clock: Clock, most = unreportedMax(limit)) {
    this.limit = limit;
    this.#unreportedMax = most;
    this.#clock = clock;
    this.#limiter = limiter;
    const { shards } = limiter.division ?? { shards: 1 };
    this.#lines = Array.from({ length: shards }, () => new LimiterLine(limiter, clock));
  }

  /**
   * Takes one from a quota: at once when the store need not be asked. `undefined` if the store
   * gives no verdict in time. Never fails.
   */
  take(visitor: LimitedVisitor): Verdict | Promise<Verdict | undefined> {
    const { limit } = this;
    const nowUs = this.#nowUs();
    const known = this.#knownOf(visitor.key, nowUs);
    const taken = takeFrom(limit, known.fullAtUs, nowUs, 1);
    const verdict = verdictOf(limit, taken, nowUs);
    // Others can only have used more.
    if (!verdict.allowed) return verdict;
    const mayAllow = known.asking === 0 && known.unreported < this.#unreportedMax;
    if (!mayAllow || verdict.remaining < limit.quota * NEARLY_USED) {
      return this.#ask(visitor.who(), known);
    }
    if (known.unreported++ === 0) known.sinceUs = nowUs;
    known.fullAtUs = taken.fullAtUs;
    return verdict;
  }

  /**
   * Takes one from a quota that all visitors share whose requests the store did not check. Returns
   * whether it had one.
   */
  takeUnchecked(): boolean {
    const taken = takeFrom(this.limit, this.#uncheckedFullAtUs, this.#nowUs(), 1);
    this.#uncheckedFullAtUs = taken.fullAtUs;
    return taken.allowed;
  }

  #nowUs(): number {
    return Math.floor(this.#clock.now() * 1000);
  }

  #knownOf(key: string | bigint, nowUs: number): Known {
    const known = this.#known.get(key);
    if (!known) {
      const fresh = { fullAtUs: nowUs, unreported: 0, sinceUs: nowUs, asking: 0 };
      this.#known.set(key, fresh);
      return fresh;
    }
    // What was used a window ago has refilled, so the store need not know it.
    if (nowUs - known.sinceUs >= this.limit.windowMs * 1000) known.unreported = 0;
    return known;
  }

  /** Reports the unreported requests and takes one more. */
  #ask(who: string, known: Known): Promise<Verdict | undefined> {
    const line = this.#lineOf(who);
    if (line.overdue) return Promise.resolve(undefined);
    const { limit } = this;
    const { unreported } = known;
    const askedUs = this.#nowUs();
    known.unreported = 0;
    known.asking++;
    return new Promise((resolve) => {
      line.add({
        wanted: { who, limit, count: unreported + 1 },
        giveUp: () => resolve(undefined),
        end: (outcome) => {
          known.asking--;
          // What the store may have taken is not reported again.
          if (outcome === 'not-taken') known.unreported += unreported;
          resolve(this.#learn(known, outcome, askedUs));
        },
      });
    });
  }

  #lineOf(who: string): LimiterLine {
    const line = this.#lines[this.#limiter.division?.shardOf(who) ?? 0];
    if (line === undefined) throw new Error(`there is no shard of ${who}`);
    return line;
  }

  /** Notes what the store knew of a request of then; returns the verdict, if it gave one. */
  #learn(known: Known, outcome: LimiterOutcome, askedUs: number): Verdict | undefined {
    if (typeof outcome === 'string') return undefined;
    const { limit } = this;
    const { allowed } = outcome;
    const nowUs = this.#nowUs();
    const { fullAtUs } = allowed ? takeFrom(limit, known.fullAtUs, nowUs, 1) : known;
    known.fullAtUs = Math.max(nowUs, fullAtUs, askedUs + usedUs(limit, outcome));
    return verdictOf(limit, { allowed, fullAtUs: known.fullAtUs }, nowUs);
  }
}

/** The time until the quota is full again, in microseconds, rounded up. */
function usedUs(limit: Limit, { remaining, nextMs }: Verdict): number {
  const { oneUs, allUs } = shareOf(limit);
  return allUs - remaining * oneUs - Math.max(0, oneUs - nextMs * 1000);
}
