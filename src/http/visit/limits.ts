/**
 * Rate limits for visitors: requests a minute, new counters a day, idempotency keys a day. Each
 * applies per address, or to everybody together when addresses are hidden, and across all
 * replicas. A limit per counter would punish popular counters.
 *
 * Responses show the remaining quota as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (revision 11). Not here:
 * the choice of limited routes (`http/app.ts`), what is decided without the store
 * (`counter/limits/known-quotas.ts`), and the arithmetic (`counter/limits/rate-limit.ts`).
 */

import { DAY_MS } from '../../contract/history.ts';
import type { Limit, Limiter, Verdict } from '../../contract/limiter.ts';
import type { Registry } from '../../contract/registry.ts';
import { type Clock, resultWithin } from '../../counter/clock.ts';
import { AppError } from '../../counter/errors.ts';
import { KnownQuotas, type LimitedVisitor } from '../../counter/limits/known-quotas.ts';
import { LIMITER_WAIT_MS } from '../../counter/limits/limiter-line.ts';
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

/** Takes one request from the visitor's quota, mostly at once. Fails with `rate-limited`. */
export type Admit = (c: AppContext) => Promise<void> | undefined;
/** Takes one key from the visitor's quota. Fails with `rate-limited`, `store-unavailable`. */
export type TakeKey = (c: AppContext) => Promise<void>;
/** The same for a new counter of this name. */
export type TakeNewCounter = (c: AppContext, name: string) => Promise<void>;

/** Explains a refusal. */
type Why = (limit: Limit) => string;
/** The name of the limit on requests. */
const REQUESTS = 'requests';
/**
 * Stands for all addresses together. No address has this name: a hash of one has 11 characters
 * (`visitors.ts`).
 */
const EVERYBODY: LimitedVisitor = { key: 'everybody', who: () => 'everybody' };

/** The limits of an installation, and the headers that tell of them. */
export class Limits {
  /** Takes one request, before it is handled; `undefined` without a limit. */
  readonly admit: Admit | undefined;
  /** Called before a visit with an idempotency key counts; `undefined` without a limit. */
  readonly takeKey: TakeKey | undefined;
  /** Called before a hit creates its counter; `undefined` without a limit. */
  readonly takeNewCounter: TakeNewCounter | undefined;
  /**
   * Called before any other creation of a counter. It takes nothing if the counter exists.
   * `undefined` without a limit.
   */
  readonly takeIfNew: TakeNewCounter | undefined;
  readonly #options: LimitsOptions;
  /** The value of `RateLimit-Policy`: `"requests";q=60;w=60`. */
  readonly policy: string;

  constructor(options: LimitsOptions) {
    const { limiter, registry, clock, requestsPerMinute, newCountersPerDay, keysPerDay } = options;
    this.#options = options;
    const quotasOf = (name: string, quota: number, windowMs: number, most?: number) =>
      quota === 0 ? undefined : new KnownQuotas({ name, quota, windowMs }, limiter, clock, most);
    const requests = quotasOf(REQUESTS, requestsPerMinute, 60_000);
    const newCounters = quotasOf('new-counters', newCountersPerDay, DAY_MS, 0);
    const keys = quotasOf('keys', keysPerDay, DAY_MS, 0);
    if (requests) this.admit = (c) => this.#takeRequest(c, requests);
    if (newCounters) {
      const take: TakeNewCounter = (c, name) => this.#takeNewCounter(c, newCounters, name);
      this.takeNewCounter = take;
      this.takeIfNew = async (c, name) => {
        if (!(await registry.describe(name))) await take(c, name);
      };
    }
    if (keys) this.takeKey = (c) => this.#takeKey(c, keys);
    this.policy = [requests, newCounters, keys]
      .flatMap((quotas) => {
        if (!quotas) return [];
        const { name, quota, windowMs } = quotas.limit;
        return `"${name}";q=${quota};w=${windowMs / 1000}`;
      })
      .join(', ');
  }

  #takeRequest(c: AppContext, quotas: KnownQuotas): Promise<void> | undefined {
    if (this.#isExempt(c)) return undefined;
    c.env.limits = '';
    return this.#take(c, quotas, ({ quota }) => {
      const came = `More than ${pluralize(quota, 'request')} a minute came from your address`;
      return `${came}. Nothing was counted or done.`;
    });
  }

  async #takeNewCounter(c: AppContext, quotas: KnownQuotas, name: string): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'all visitors together have' : 'your address has';
    await this.#take(c, quotas, ({ quota }) => {
      const made = `${who} made ${pluralize(quota, 'new counter')}, the maximum per day`;
      return `There is no counter ${name}, and ${made}. Nothing was created or counted. Existing counters keep counting.`;
    });
  }

  async #takeKey(c: AppContext, quotas: KnownQuotas): Promise<void> {
    if (this.#isExempt(c)) return;
    const who = this.#options.addressesHidden ? 'All visitors together have' : 'Your address has';
    await this.#take(c, quotas, ({ quota }) => {
      const sent = `${who} sent ${pluralize(quota, 'request')} with an Idempotency-Key, the maximum per day`;
      return `${sent}. Not counted: send the visit without a key.`;
    });
  }

  #isExempt(c: AppContext): boolean {
    return this.#options.owners.isInstallation(c.req.raw.headers);
  }

  #take(c: AppContext, quotas: KnownQuotas, why: Why): Promise<void> | undefined {
    const takeBy = (visitor: LimitedVisitor | undefined) => {
      const verdict = visitor && quotas.take(visitor);
      const apply = (told: Verdict | undefined) => this.#apply(c, quotas, told, why);
      return verdict instanceof Promise ? verdict.then(apply) : apply(verdict);
    };
    const visitor = this.#limitedVisitorOf(c, quotas.limit);
    return visitor instanceof Promise ? visitor.then(takeBy) : takeBy(visitor);
  }

  /** Fails with `rate-limited` if the verdict is a refusal. */
  #apply(c: AppContext, quotas: KnownQuotas, verdict: Verdict | undefined, why: Why): undefined {
    if (!verdict) {
      this.#letThrough(quotas);
      return;
    }
    noteIn(c.env, quotas.limit, verdict);
    if (verdict.allowed) return;
    const retryAfterMs = verdict.nextMs;
    const again = `Try again in ${wholeSeconds(retryAfterMs)} s.`;
    throw new AppError('rate-limited', `${why(quotas.limit)} ${again}`, { retryAfterMs });
  }

  /** The visitor whose quota is used; `undefined` when today's salt is not available in time. */
  #limitedVisitorOf(
    c: AppContext,
    { name }: Limit,
  ): LimitedVisitor | undefined | Promise<LimitedVisitor | undefined> {
    const { visitors, clock, addressesHidden } = this.#options;
    if (addressesHidden && name !== REQUESTS) return EVERYBODY;
    const visitor = visitors.limitedVisitorOf(c);
    return visitor instanceof Promise ? resultWithin(visitor, clock, LIMITER_WAIT_MS) : visitor;
  }

  /**
   * Called when the store did not check a limit in time. Requests are allowed: some more of them
   * harm nobody, but a refused visit is lost. Keys and counters stay in the store, so for these a
   * replica allows one quota for all addresses together, and then fails with
   * `store-unavailable`.
   */
  #letThrough(quotas: KnownQuotas): void {
    this.#options.onOpen();
    if (quotas.limit.name === REQUESTS || quotas.takeUnchecked()) return;
    throw new AppError(
      'store-unavailable',
      'The store did not check a limit in time. Not counted: try again in a moment.',
    );
  }
}

/** Records the remaining quota, for the response. */
function noteIn(state: RequestState, { name }: Limit, { remaining, nextMs }: Verdict): void {
  const before = state.limits ? `${state.limits}, ` : '';
  state.limits = `${before}"${name}";r=${remaining};t=${wholeSeconds(nextMs)}`;
}
