/**
 * Calls of a limiter, one at a time, each for all requests that wait. A slow or failing store
 * delays no request for longer than `LIMITER_WAIT_MS`, and what a call has done is learned
 * however late it ends. Not here: which requests the store is asked for (`known-quotas.ts`).
 */
import type { Limiter, LimitRequest, Verdict } from '../../contract/limiter.ts';
import { type Clock, resultWithin } from '../clock.ts';
import { isAppError } from '../errors.ts';

/** How long a request waits for its verdict: longer than a healthy store takes, hardly noticed. */
export const LIMITER_WAIT_MS = 250;

/**
 * What the store did with a request: the verdict, or that it certainly took nothing, or that it
 * may have taken all.
 */
export type LimiterOutcome = Verdict | 'not-taken' | 'unconfirmed';

/** A request for the store. */
export interface LineRequest {
  readonly wanted: LimitRequest;
  /** Called once, when the outcome is known. */
  readonly end: (outcome: LimiterOutcome) => void;
  /** Called before `end` when the verdict does not come in time. */
  readonly giveUp: () => void;
}

/** The line of requests for one shard of a limiter; each request is ended once. */
export class LimiterLine {
  readonly #limiter: Limiter;
  readonly #clock: Clock;
  #waiting: LineRequest[] = [];
  #running = false;
  #overdue = false;

  constructor(limiter: Limiter, clock: Clock) {
    this.#limiter = limiter;
    this.#clock = clock;
  }

  /** Whether the call in progress was given up. Then nothing should be added. */
  get overdue(): boolean {
    return this.#overdue;
  }

  add(request: LineRequest): void {
    this.#waiting.push(request);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      // eslint-disable-next-line no-await-in-loop -- requests that have arrived join the group
      await this.#clock.turn();
      const group = this.#waiting;
      this.#waiting = [];
      const call = this.#call(group);
      // eslint-disable-next-line no-await-in-loop -- one call at a time
      const result = await resultWithin(call, this.#clock, LIMITER_WAIT_MS);
      if (result === 'given') continue;
      if (result !== 'failed') {
        this.#overdue = true;
        for (const { giveUp } of group) giveUp();
      }
      // No request waits for two calls.
      for (const { end } of this.#waiting) end('not-taken');
      this.#waiting = [];
      // eslint-disable-next-line no-await-in-loop -- the next call begins when this one has ended
      await call;
      this.#overdue = false;
    }
    this.#running = false;
  }

  /** Ends the requests; returns whether the store gave verdicts. Never fails. */
  async #call(group: readonly LineRequest[]): Promise<'given' | 'failed'> {
    const wanted = group.map((request) => request.wanted);
    const answer = await this.#limiter
      .take(wanted)
      .catch((error: unknown) =>
        isAppError(error, 'store-unavailable', 'store-unusable') ? 'not-taken' : 'unconfirmed',
      );
    const given = typeof answer !== 'string';
    group.forEach(({ end }, index) => end(given ? (answer[index] ?? 'unconfirmed') : answer));
    return given ? 'given' : 'failed';
  }
}
