/**
 * Identifies the visitor of a request for one day, by a hash that cannot be reversed
 * (`counter/visitor.ts`).
 *
 * The day's salt is read from the store once a day. Until the store returns it, visitors are
 * unknown, but their visits count.
 */

import { DAY_MS, type History } from '../../contract/history.ts';
import type { Clock } from '../../counter/clock.ts';
import { resultWithin } from '../../counter/patience.ts';
import { personOf, placeIn, type Visitor, visitorOf } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';
import { type ClientAddress, networkOf } from './client-address.ts';

export interface VisitorsOptions {
  readonly history: Pick<History, 'salt'>;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a new salt, for a day without one. */
  readonly newSalt: () => string;
}

/** Longer than a healthy store takes. A visit can still wait its own full time after this. */
const SALT_WAIT_MS = 250;
/** The delay before the salt is requested again after a failure. */
const AGAIN_MS = 1000;

export class Visitors {
  readonly #options: VisitorsOptions;
  #day = -1;
  #salt: string | undefined;
  #asking: Promise<void> | undefined;
  #askAgainAt = 0;
  /** The end of waiting for the call in progress, on the clock. */
  #waitUntil = 0;

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  /** The visitor of this request: at once, except for the first requests of a day. */
  of(c: AppContext): Visitor | Promise<Visitor> {
    return this.#salted((salt) => {
      const visitor = visitorOf(
        this.#addressOf(c),
        c.req.raw.headers.get('User-Agent') ?? '',
        salt ?? '',
      );
      return salt === undefined ? { kind: visitor.kind, id: undefined } : visitor;
    });
  }

  /** A visitor whom a program names: the same all day for the same name, which is not kept. */
  named(name: string): Visitor | Promise<Visitor> {
    return this.#salted((salt) => personOf(name, salt));
  }

  /**
   * The place of this request, for limits: the same all day for an IPv4 address or an IPv6
   * network, whichever client it is. `undefined` when today's salt is not available.
   */
  placeOf(c: AppContext): string | undefined | Promise<string | undefined> {
    return this.#salted((salt) => salt && placeIn(this.networkOf(c), salt));
  }

  /**
   * The IPv4 address, or the IPv6 network of 64 bits, of this request. Do not keep it longer than
   * the connection.
   */
  networkOf(c: AppContext): string {
    return networkOf(this.#addressOf(c));
  }

  #salted<T>(use: (salt: string | undefined) => T): T | Promise<T> {
    const day = Math.floor(this.#options.now() / DAY_MS);
    if (day === this.#day && this.#salt !== undefined) return use(this.#salt);
    return this.#ask(day).then(() => use(day === this.#day ? this.#salt : undefined));
  }

  #addressOf(c: AppContext): string {
    const { headers } = c.req.raw;
    const peer = c.env.peer?.address ?? '';
    return this.#options.clientAddress(peer, headers.get('X-Forwarded-For'));
  }

  /** Reads the day's salt, with one call for all callers, and waits briefly. Never fails. */
  async #ask(day: number): Promise<void> {
    const { history, clock, now, newSalt } = this.#options;
    if (this.#asking === undefined && now() >= this.#askAgainAt) {
      this.#waitUntil = clock.now() + SALT_WAIT_MS;
      this.#asking = history
        .salt(day, newSalt())
        .then((salt) => {
          this.#day = day;
          this.#salt = salt;
        })
        .catch(() => {
          this.#askAgainAt = now() + AGAIN_MS;
        })
        .finally(() => {
          this.#asking = undefined;
        });
    }
    const leftMs = this.#waitUntil - clock.now();
    if (this.#asking && leftMs > 0) await resultWithin(this.#asking, clock, leftMs);
  }
}
