/**
 * A limiter that fails open. Requests of one turn of the event loop, or during a pending call, go
 * to the store in one call. Without a reply in a short time there is no verdict: a limit that is
 * not enforced for a while harms nobody, but a visit that is not counted is lost.
 *
 * Whoever was refused is refused here until there is something to be had again, so that a flood
 * costs the store nothing.
 */
import { LRUCache } from 'lru-cache';
import type { Limiter, LimitRequest, Verdict } from '../contract/limiter.ts';
import type { Clock } from './clock.ts';
import { resultWithin } from './patience.ts';

/** Longer than a healthy store takes, and hardly noticeable. */
export const LIMITER_WAIT_MS = 250;
/** So many refusals are remembered, those that were used last. 10,000 take about a megabyte. */
const REFUSALS_MAX = 10_000;

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
      // eslint-disable-next-line no-await-in-loop -- what has arrived by now goes along
      await this.#clock.turn();
      const group = this.#waiting;
      this.#waiting = [];
      const call = this.#limiter.take(group.map(({ wanted }) => wanted));
      // eslint-disable-next-line no-await-in-loop -- one call at a time
      const verdicts = await resultWithin(call, this.#clock, LIMITER_WAIT_MS);
      group.forEach(({ resolve }, index) => resolve(verdicts?.[index]));
      if (verdicts) continue;
      // Nobody waits for two calls.
      this.#overdue = true;
      for (const { resolve } of this.#waiting) resolve(undefined);
      this.#waiting = [];
      // eslint-disable-next-line no-await-in-loop -- until it ends no other is made
      await call.catch(() => undefined);
      this.#overdue = false;
    }
    this.#running = false;
  }
}
