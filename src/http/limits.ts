/**
 * Limits for visitors: so many requests a minute, so many new counters a day, the same on all replicas. By address, not by counter: a
 * counter that many visit is what this is for.
 *
 * Whoever was refused is refused here until there is something to be had again, so that a flood costs the store nothing. Where the store
 * does not say in time, everybody may: the limiter fails open, and the counter behind it fails closed. What is left is told as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (revision 11). Not here: which routes are limited (`routes.ts`),
 * and the arithmetic (`counter/limiter.ts`).
 */

import type { Clock } from '../counter/clock.ts';
import { AppError } from '../counter/errors.ts';
import type { Limit, Limiter, Verdict } from '../counter/limiter.ts';
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { LIMITER_WAIT_MS, OpenLimiter } from '../counter/open-limiter.ts';
import { DAY_MS } from '../counter/past.ts';
import { briefly } from '../counter/patience.ts';
import type { Registry } from '../counter/registry.ts';
import { counted } from '../plural.ts';
import type { Asked } from './asked.ts';
import { wholeSeconds } from './errors.ts';
import type { Owners } from './owners.ts';
import type { Visitors } from './visitors.ts';

export interface LimitsOptions {
  /** The store itself, not one that waits for it. */
  readonly store: Limiter & Pick<Registry, 'describe'>;
  readonly visitors: Visitors;
  readonly owners: Owners;
  readonly clock: Clock;
  /** 0: no limit. */
  readonly requestsPerMinute: number;
  /** 0: no limit. */
  readonly newCountersPerDay: number;
  /** Told of each request that was let through because the store did not say in time whether it may be. */
  readonly onOpen: () => void;
}

/** Fails with `rate-limited` where this request would make a counter of this name, and its address has made as many as it may. */
export type MayMake = (c: Asked, name: string) => Promise<void>;

/** So many refusals, and so many names that there are, are remembered at the most; the oldest are forgotten. */
const REMEMBERED_MAX = 10_000;

export class Limits {
  readonly #options: LimitsOptions;
  readonly #limiter: OpenLimiter;
  readonly #requests: Limit | undefined;
  readonly #newCounters: Limit | undefined;
  readonly #policy: string;
  /** Until when, on the clock, a limit refuses a visitor. */
  readonly #refusedUntil = new Map<string, number>();
  readonly #known = new Set<string>();
  /** What each request is told. */
  readonly #told = new WeakMap<Request, string[]>();

  constructor(options: LimitsOptions) {
    const { store, clock, requestsPerMinute, newCountersPerDay } = options;
    this.#options = options;
    this.#limiter = new OpenLimiter(store, clock);
    this.#requests = limitOf('requests', requestsPerMinute, 60_000);
    this.#newCounters = limitOf('new-counters', newCountersPerDay, DAY_MS);
    this.#policy = [this.#requests, this.#newCounters]
      .flatMap((limit) => (limit ? `"${limit.name}";q=${limit.quota};w=${limit.windowMs / 1000}` : []))
      .join(', ');
  }

  /** Takes one request. Fails with `rate-limited`. */
  async admit(c: Asked): Promise<void> {
    if (!this.#requests || this.#isExempt(c)) return;
    const { quota } = this.#requests;
    await this.#take(
      c,
      this.#requests,
      `More than ${counted(quota, 'request')} a minute came from your address. Nothing was counted or done.`,
    );
  }

  /** Takes one new counter, if there is none of this name. */
  readonly mayMake: MayMake = async (c, name) => {
    if (!this.#newCounters || name === DEFAULT_COUNTER || this.#known.has(name) || this.#isExempt(c)) return;
    const { store, clock, onOpen } = this.#options;
    const found = await briefly(store.describe(name).then(Boolean), clock, LIMITER_WAIT_MS);
    if (found === undefined) {
      onOpen();
      return;
    }
    const why = `There is no counter ${name}, and from your address as many were made as may be in a day. Nothing was made or counted; counters that there are count on.`;
    if (!found) await this.#take(c, this.#newCounters, why);
    makeRoomIn(this.#known);
    this.#known.add(name);
  };

  /** Says in an answer which limits there are and what is left of them. */
  tell(c: Asked, headers: Headers): void {
    if (this.#policy === '' || this.#isExempt(c)) return;
    headers.set('RateLimit-Policy', this.#policy);
    const told = this.#told.get(c.req.raw);
    if (told) headers.set('RateLimit', told.join(', '));
  }

  #isExempt(c: Asked): boolean {
    return this.#options.owners.isInstallation(c.req.raw.headers);
  }

  async #take(c: Asked, limit: Limit, why: string): Promise<void> {
    const { visitors, clock, onOpen } = this.#options;
    const place = visitors.placeOf(c);
    const who = place instanceof Promise ? await briefly(place, clock, LIMITER_WAIT_MS) : place;
    const verdict = who && (this.#refusalOf(limit, who) ?? (await this.#ask(limit, who)));
    if (!verdict) {
      onOpen();
      return;
    }
    this.#note(c.req.raw, limit, verdict);
    if (verdict.allowed) return;
    const retryAfterMs = verdict.nextMs;
    throw new AppError('rate-limited', `${why} Try again in ${wholeSeconds(retryAfterMs)} s.`, {
      retryAfterMs,
    });
  }

  #refusalOf(limit: Limit, who: string): Verdict | undefined {
    const key = `${limit.name} ${who}`;
    const until = this.#refusedUntil.get(key);
    if (until === undefined) return undefined;
    const nextMs = until - this.#options.clock.now();
    if (nextMs > 0) return { allowed: false, remaining: 0, nextMs };
    this.#refusedUntil.delete(key);
    return undefined;
  }

  async #ask(limit: Limit, who: string): Promise<Verdict | undefined> {
    const verdict = await this.#limiter.take({ who, limit });
    if (verdict && !verdict.allowed) {
      makeRoomIn(this.#refusedUntil);
      this.#refusedUntil.set(`${limit.name} ${who}`, this.#options.clock.now() + verdict.nextMs);
    }
    return verdict;
  }

  #note(request: Request, limit: Limit, { remaining, nextMs }: Verdict): void {
    const told = this.#told.get(request) ?? [];
    told.push(`"${limit.name}";r=${remaining};t=${wholeSeconds(nextMs)}`);
    this.#told.set(request, told);
  }
}

function limitOf(name: string, quota: number, windowMs: number): Limit | undefined {
  return quota === 0 ? undefined : { name, quota, windowMs };
}

function makeRoomIn(remembered: Map<string, unknown> | Set<string>): void {
  if (remembered.size < REMEMBERED_MAX) return;
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest);
    return;
  }
}
