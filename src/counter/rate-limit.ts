/**
 * Limits: their arithmetic, and a limiter that fails open. Not here: which requests are limited
 * (`http/visit/limits.ts`).
 *
 * The arithmetic is the generic cell rate algorithm (ITU-T I.371, in its virtual scheduling form).
 * For each visitor one time is stored: when the quota is full again. Each request advances it by
 * the window divided by the quota; a request that would advance it more than a window ahead is
 * refused. So a quota can be used at once, and refills evenly.
 */

import { LRUCache } from 'lru-cache';
import type { Limit, Limiter, LimitRequest, Verdict } from '../contract/limiter.ts';
import { type Clock, resultWithin } from './clock.ts';

/**
 * The time in which one request of the quota refills, and the time in which all of it does. Both
 * are whole microseconds, rounded down, so that later arithmetic is exact and no visitor gets less
 * than the quota.
 */
export function shareOf({ quota, windowMs }: Limit): {
  readonly oneUs: number;
  readonly allUs: number;
} {
  const oneUs = Math.max(1, Math.floor((windowMs * 1000) / quota));
  return { oneUs, allUs: oneUs * quota };
}

/** The outcome of one request: the time to store, in microseconds since 1970. */
export interface TakeResult {
  readonly allowed: boolean;
  readonly fullAtUs: number;
}

/** Takes one now; `fullAtUs` is the stored time of the visitor, if any. */
export function takeOne(limit: Limit, fullAtUs: number | undefined, nowUs: number): TakeResult {
  const { oneUs, allUs } = shareOf(limit);
  // A stored time more than a window ahead comes from a replica whose clock was ahead.
  const before = Math.min(Math.max(fullAtUs ?? nowUs, nowUs), nowUs + allUs);
  const allowed = before + oneUs <= nowUs + allUs;
  return { allowed, fullAtUs: allowed ? before + oneUs : before };
}

/** The verdict for the visitor. */
export function verdictOf(
  limit: Limit,
  { allowed, fullAtUs }: TakeResult,
  nowUs: number,
): Verdict {
  const { oneUs, allUs } = shareOf(limit);
  const leftUs = allUs - (fullAtUs - nowUs);
  return {
    allowed,
    remaining: Math.floor(leftUs / oneUs),
    nextMs: Math.ceil((oneUs - (leftUs % oneUs)) / 1000),
  };
}

/** How long a request waits for its verdict: longer than a healthy store takes, hardly noticed. */
export const LIMITER_WAIT_MS = 250;
/** The number of remembered refusals, the most recently used. They take about a megabyte. */
const REFUSALS_MAX = 10_000;

/**
 * Asks a limiter for groups of requests, so that a slow or failing store delays no request for
 * longer than `LIMITER_WAIT_MS`. Repeats a known refusal without asking.
 */
export class OpenLimiter {
  readonly #limiter: Limiter;
  readonly #clock: Clock;
  /** Until when, on the clock, a limit refuses a visitor. */
  readonly #refusedUntil = new LRUCache<string, number>({ max: REFUSALS_MAX });
  #waiting: {
    readonly wanted: LimitRequest;
    readonly resolve: (verdict: Verdict | undefined) => void;
  }[] = [];
  #running = false;
  /** Whether the call in progress was given up. */
  #overdue = false;

  constructor(limiter: Limiter, clock: Clock) {
    this.#limiter = limiter;
    this.#clock = clock;
  }

  /** Takes one from a quota; `undefined` if the store gives no verdict in time. Never fails. */
  async take(wanted: LimitRequest): Promise<Verdict | undefined> {
    const key = `${wanted.limit.name} ${wanted.who}`;
    const until = this.#refusedUntil.get(key);
    const nextMs = until === undefined ? 0 : until - this.#clock.now();
    if (nextMs > 0) return { allowed: false, remaining: 0, nextMs };
    if (this.#overdue) return undefined;
    const verdict = await this.#ask(wanted);
    if (verdict && !verdict.allowed) {
      this.#refusedUntil.set(key, this.#clock.now() + verdict.nextMs);
    }
    return verdict;
  }

  #ask(wanted: LimitRequest): Promise<Verdict | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ wanted, resolve });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      // eslint-disable-next-line no-await-in-loop -- requests that have arrived join the group
      await this.#clock.turn();
      const group = this.#waiting;
      this.#waiting = [];
      const call = this.#limiter.take(group.map(({ wanted }) => wanted));
      // eslint-disable-next-line no-await-in-loop -- one call at a time
      const verdicts = await resultWithin(call, this.#clock, LIMITER_WAIT_MS);
      group.forEach(({ resolve }, index) => resolve(verdicts?.[index]));
      if (verdicts) continue;
      // No request waits for two calls.
      this.#overdue = true;
      for (const { resolve } of this.#waiting) resolve(undefined);
      this.#waiting = [];
      // eslint-disable-next-line no-await-in-loop -- the next call begins when this one has ended
      await call.catch(() => undefined);
      this.#overdue = false;
    }
    this.#running = false;
  }
}
