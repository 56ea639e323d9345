/**
 * Limits for visitors: requests a minute, new counters a day, idempotency keys a day. Each is of
 * one address, or of everybody together where addresses are hidden, and the same on all replicas.
 * A limit per counter would punish the counters that many people visit.
 *
 * What is left is told as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (revision 11). Not here:
 * which routes are limited (`http/request/checks.ts`), how the store is asked
 * (`counter/open-limiter.ts`), and the arithmetic (`counter/rate-limit.ts`).
 */

import { DAY_MS } from '../../contract/history.ts';
import type { Limit, Limiter, Verdict } from '../../contract/limiter.ts';
import type { Registry } from '../../contract/registry.ts';
import type { Clock } from '../../counter/clock.ts';
import { AppError } from '../../counter/errors.ts';
import { LIMITER_WAIT_MS, OpenLimiter } from '../../counter/open-limiter.ts';
import { briefly } from '../../counter/patience.ts';
import { takeOne } from '../../counter/rate-limit.ts';
import { counted } from '../../plural.ts';
import type { AppContext } from '../context.ts';
import { wholeSeconds } from '../errors.ts';
import type { RequestState } from '../request/state.ts';
import type { Owners } from './owners.ts';
import type { Visitors } from './visitors.ts';

/** How much there is of each; 0: no limit. */
export interface Quotas {
  /** Of one address. */
  readonly requestsPerMinute: number;
  /** Of one address, or of all together (`addressesHidden`). */
  readonly newCountersPerDay: number;
  /** The same for requests with an idempotency key, also those that repeat one. */
  readonly keysPerDay: number;
}

export interface LimitsOptions extends Quotas {
  /** That of the store itself, not one that waits for it. */
  readonly limiter: Limiter;
  /** Waits for the store. */
  readonly registry: Pick<Registry, 'describe'>;
  readonly visitors: Visitors;
  readonly owners: Owners;
  readonly clock: Clock;
  /**
   * Whether all clients look like one: then new counters and keys are limited for everybody
   * together.
   */
  readonly addressesHidden: boolean;
  /** Told of each request for which the store did not say in time whether it is within a limit. */
  readonly onOpen: () => void;
}

/** Takes what a request is about to use. Fails with `rate-limited`, `store-unavailable`. */
export type TakeKey = (c: AppContext) => Promise<void>;
/** The same for a new counter of this name. */
export type MayMake = (c: AppContext, name: string) => Promise<void>;

/**
 * Names all addresses together. No address has this name: a hash of one has 11 characters
 * (`visitor.ts`).
 */
const EVERYBODY = 'everybody';

export class Limits {
  /** Asked before a visit with an idempotency key is counted; `undefined` without a limit. */
  readonly takeKey: TakeKey | undefined;
  /** Asked before a hit makes its counter; `undefined` without a limit. */
  readonly mayMake: MayMake | undefined;
  /**
   * Asked before a counter is made otherwise. One that exists takes nothing. `undefined`
   * without a limit.
   */
  readonly mayCreate: MayMake | undefined;
  readonly #options: LimitsOptions;
  readonly #limiter: OpenLimiter;
  readonly #requests: Limit | undefined;
  /** The limits that there are, as a response says it: `"requests";q=60;w=60`. */
  readonly policy: string;
  /**
   * By limit: what was let through unchecked, as the moment when all of it is there again, in
   * microseconds on the clock.
   */
  readonly #unchecked = new Map<string, number>();

  constructor(options: LimitsOptions) {
    const { limiter, registry, clock, requestsPerMinute, newCountersPerDay, keysPerDay } = options;
    this.#options = options;
    this.#limiter = new OpenLimiter(limiter, clock);
    this.#requests = limitOf('requests', requestsPerMinute, 60_000);
    const newCounters = limitOf('new-counters', newCountersPerDay, DAY_MS);
    const keys = limitOf('keys', keysPerDay, DAY_MS);
    if (newCounters) {
      const mayMake: MayMake = (c, name) => this.#takeNewCounter(c, newCounters, name);
      this.mayMake = mayMake;
      this.mayCreate = async (c, name) => {
        if (!(await registry.describe(name))) await mayMake(c, name);
      };
    }
    if (keys) this.takeKey = (c) => this.#takeKey(c, keys);
    this.policy = [this.#requests, newCounters, keys]
      .flatMap((limit) =>
        limit ? `"${limit.name}";q=${limit.quota};w=${limit.windowMs / 1000}` : [],
      )
      .join(', ');
  }

  /** Whether `admit` limits anything. Where it does not, a request need not wait for it. */
  get limitsRequests(): boolean {
    return this.#requests !== undefined;
  }

  /** Takes one request. Fails with `rate-limited`. */
  async admit(c: AppContext): Promise<void> {
    if (!this.#requests || this.#isExempt(c)) return;
    c.env.limits = [];
    const { quota } = this.#requests;
    await this.#take(
      c,
      this.#requests,
      `More than ${counted(quota, 'request')} a minute came from your address. Nothing was counted or done.`,
    );
  }

  async #takeNewCounter(c: AppContext, limit: Limit, name: string): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'all visitors together have' : 'your address has';
    const made = `${who} made ${counted(limit.quota, 'new counter')}, the maximum per day`;
    const why = `There is no counter ${name}, and ${made}. Nothing was created or counted. Existing counters keep counting.`;
    await this.#take(c, limit, why);
  }

  async #takeKey(c: AppContext, limit: Limit): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'All visitors together have' : 'Your address has';
    const sent = `${who} sent ${counted(limit.quota, 'request')} with an Idempotency-Key, the maximum per day`;
    await this.#take(c, limit, `${sent}. Not counted: send the visit without a key.`);
  }

  #isExempt(c: AppContext): boolean {
    return this.#options.owners.isInstallation(c.req.raw.headers);
  }

  async #take(c: AppContext, limit: Limit, why: string): Promise<void> {
    const who = await this.#whoTakes(c, limit);
    const verdict = who && (await this.#limiter.take({ who, limit }));
    if (!verdict) {
      this.#letThrough(limit);
      return;
    }
    noteIn(c.env, limit, verdict);
    if (verdict.allowed) return;
    const retryAfterMs = verdict.nextMs;
    throw new AppError('rate-limited', `${why} Try again in ${wholeSeconds(retryAfterMs)} s.`, {
      retryAfterMs,
    });
  }

  /** Who takes of this limit; `undefined` where today's salt cannot be had in time. */
  async #whoTakes(c: AppContext, { name }: Limit): Promise<string | undefined> {
    const { visitors, clock, addressesHidden } = this.#options;
    if (addressesHidden && name !== this.#requests?.name) return EVERYBODY;
    const place = visitors.placeOf(c);
    return place instanceof Promise ? briefly(place, clock, LIMITER_WAIT_MS) : place;
  }

  /**
   * The store does not say whether this is within the limit. Requests are let through: one that is
   * not limited for a while harms nobody, and a visit that is refused is lost. What stays in the
   * store, keys and counters, is let through as often as one address may have it: a replica then
   * takes all addresses for one. Then fails with `store-unavailable`.
   */
  #letThrough(limit: Limit): void {
    const { clock, onOpen } = this.#options;
    onOpen();
    if (limit === this.#requests) return;
    const { allowed, fullAtUs } = takeOne(
      limit,
      this.#unchecked.get(limit.name),
      Math.round(clock.now() * 1000),
    );
    this.#unchecked.set(limit.name, fullAtUs);
    if (allowed) return;
    throw new AppError(
      'store-unavailable',
      'The store did not answer in time whether this is within a limit. Not counted: try again in a moment.',
    );
  }
}

/** Notes what is left of a limit, for the response to say. */
function noteIn(state: RequestState, limit: Limit, { remaining, nextMs }: Verdict): void {
  state.limits ??= [];
  state.limits.push(`"${limit.name}";r=${remaining};t=${wholeSeconds(nextMs)}`);
}

function limitOf(name: string, quota: number, windowMs: number): Limit | undefined {
  return quota === 0 ? undefined : { name, quota, windowMs };
}
