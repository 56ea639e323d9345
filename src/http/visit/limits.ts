/**
 * Rate limits for visitors: requests a minute, new counters a day, idempotency keys a day. Each
 * applies per address, or to everybody together when addresses are hidden, and across all
 * replicas. A limit per counter would punish popular counters.
 *
 * Responses show the remaining quota as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (revision 11). Not here:
 * the choice of limited routes (`http/app.ts`), and calling the store and the arithmetic
 * (`counter/rate-limit.ts`).
 */

import { DAY_MS } from '../../contract/history.ts';
import type { Limit, Limiter, Verdict } from '../../contract/limiter.ts';
import type { Registry } from '../../contract/registry.ts';
import { type Clock, resultWithin } from '../../counter/clock.ts';
import { AppError } from '../../counter/errors.ts';
import { LIMITER_WAIT_MS, OpenLimiter, takeOne } from '../../counter/rate-limit.ts';
import { pluralize } from '../../plural.ts';
import type { AppContext } from '../context.ts';
import { wholeSeconds } from '../errors.ts';
import type { RequestState } from '../request/lifecycle.ts';
import type { Owners } from './owners.ts';
import type { Visitors } from './visitors.ts';

/** The quotas of each limit; 0: no limit. */
export interface Quotas {
  /** Per address. */
  readonly requestsPerMinute: number;
  /** Per address, or for everybody together (`addressesHidden`). */
  readonly newCountersPerDay: number;
  /** The same for requests with an idempotency key, also retries. */
  readonly keysPerDay: number;
}

export interface LimitsOptions extends Quotas {
  /** The store's own limiter, not one that waits for the store. */
  readonly limiter: Limiter;
  /** A registry that waits for the store. */
  readonly registry: Pick<Registry, 'describe'>;
  readonly visitors: Visitors;
  readonly owners: Owners;
  readonly clock: Clock;
  /**
   * Whether all clients share one address: then new counters and keys are limited for everybody
   * together.
   */
  readonly addressesHidden: boolean;
  /** Called for each request whose limit the store did not check in time. */
  readonly onOpen: () => void;
}

/** Takes one request from the visitor's quota. Fails with `rate-limited`. */
export type Admit = (c: AppContext) => Promise<void>;
/** Takes one key from the visitor's quota. Fails with `rate-limited`, `store-unavailable`. */
export type TakeKey = (c: AppContext) => Promise<void>;
/** The same for a new counter of this name. */
export type MayMake = (c: AppContext, name: string) => Promise<void>;

/**
 * Stands for all addresses together. No address has this name: a hash of one has 11 characters
 * (`visitors.ts`).
 */
const EVERYBODY = 'everybody';

export class Limits {
  /** Takes one request, before it is handled; `undefined` without a limit. */
  readonly admit: Admit | undefined;
  /** Called before a visit with an idempotency key counts; `undefined` without a limit. */
  readonly takeKey: TakeKey | undefined;
  /** Called before a hit creates its counter; `undefined` without a limit. */
  readonly mayMake: MayMake | undefined;
  /**
   * Called before any other creation of a counter. It takes nothing if the counter exists.
   * `undefined` without a limit.
   */
  readonly mayCreate: MayMake | undefined;
  readonly #options: LimitsOptions;
  readonly #limiter: OpenLimiter;
  readonly #requests: Limit | undefined;
  /** The value of `RateLimit-Policy`: `"requests";q=60;w=60`. */
  readonly policy: string;
  /**
   * The quota of unchecked requests, by limit: the time when all of it is available again, in
   * microseconds on the clock.
   */
  readonly #unchecked = new Map<string, number>();

  constructor(options: LimitsOptions) {
    const { limiter, registry, clock, requestsPerMinute, newCountersPerDay, keysPerDay } = options;
    this.#options = options;
    this.#limiter = new OpenLimiter(limiter, clock);
    const requests = limitOf('requests', requestsPerMinute, 60_000);
    this.#requests = requests;
    const newCounters = limitOf('new-counters', newCountersPerDay, DAY_MS);
    const keys = limitOf('keys', keysPerDay, DAY_MS);
    if (requests) this.admit = (c) => this.#takeRequest(c, requests);
    if (newCounters) {
      const mayMake: MayMake = (c, name) => this.#takeNewCounter(c, newCounters, name);
      this.mayMake = mayMake;
      this.mayCreate = async (c, name) => {
        if (!(await registry.describe(name))) await mayMake(c, name);
      };
    }
    if (keys) this.takeKey = (c) => this.#takeKey(c, keys);
    this.policy = [requests, newCounters, keys]
      .flatMap((limit) =>
        limit ? `"${limit.name}";q=${limit.quota};w=${limit.windowMs / 1000}` : [],
      )
      .join(', ');
  }

  async #takeRequest(c: AppContext, limit: Limit): Promise<void> {
    if (this.#isExempt(c)) return;
    c.env.limits = [];
    const came = `More than ${pluralize(limit.quota, 'request')} a minute came from your address`;
    await this.#take(c, limit, `${came}. Nothing was counted or done.`);
  }

  async #takeNewCounter(c: AppContext, limit: Limit, name: string): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'all visitors together have' : 'your address has';
    const made = `${who} made ${pluralize(limit.quota, 'new counter')}, the maximum per day`;
    const why = `There is no counter ${name}, and ${made}. Nothing was created or counted. Existing counters keep counting.`;
    await this.#take(c, limit, why);
  }

  async #takeKey(c: AppContext, limit: Limit): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'All visitors together have' : 'Your address has';
    const sent = `${who} sent ${pluralize(limit.quota, 'request')} with an Idempotency-Key, the maximum per day`;
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

  /** The visitor whose quota is used; `undefined` when today's salt is not available in time. */
  async #whoTakes(c: AppContext, { name }: Limit): Promise<string | undefined> {
    const { visitors, clock, addressesHidden } = this.#options;
    if (addressesHidden && name !== this.#requests?.name) return EVERYBODY;
    const place = visitors.placeOf(c);
    return place instanceof Promise ? resultWithin(place, clock, LIMITER_WAIT_MS) : place;
  }

  /**
   * Called when the store did not check a limit in time. Requests are allowed: some more of them
   * harm nobody, but a refused visit is lost. Keys and counters stay in the store, so for these a
   * replica allows one quota for all addresses together, and then fails with
   * `store-unavailable`.
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
      'The store did not check a limit in time. Not counted: try again in a moment.',
    );
  }
}

/** Records the remaining quota, for the response. */
function noteIn(state: RequestState, limit: Limit, { remaining, nextMs }: Verdict): void {
  state.limits ??= [];
  state.limits.push(`"${limit.name}";r=${remaining};t=${wholeSeconds(nextMs)}`);
}

function limitOf(name: string, quota: number, windowMs: number): Limit | undefined {
  return quota === 0 ? undefined : { name, quota, windowMs };
}
