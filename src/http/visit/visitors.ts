/**
 * Who makes a request: one of today's visitors, by a hash that nobody can turn back
 * (`counter/visitor.ts`).
 *
 * The day's salt is asked of the store once a day. While the store does not tell it visitors stay
 * unknown, and their visits count all the same.
 */

import { DAY_MS, type History } from '../../contract/history.ts';
import type { Clock } from '../../counter/clock.ts';
import { briefly } from '../../counter/patience.ts';
import { personOf, placeIn, type Visitor, visitorOf } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';
import { type ClientAddress, networkOf } from './client-address.ts';

export interface VisitorsOptions {
  readonly history: Pick<History, 'salt'>;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new salt, in case no other replica has suggested one. */
  readonly newSalt: () => string;
}

/** Longer than any store takes that is well: a visit has all of its own wait still before it. */
const SALT_WAIT_MS = 250;
/** After a store that did not tell its salt this is asked of it again. */
const AGAIN_MS = 1000;

export class Visitors {
  readonly #options: VisitorsOptions;
  #day = -1;
  #salt: string | undefined;
  #asking: Promise<void> | undefined;
  #askAgainAt = 0;
  /** Until when the call under way is waited for, on the clock. */
  #waitUntil = 0;

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  /** The visitor who makes this request: at once, but for the first requests of a day. */
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

  /** A person of whom a program tells: the same all day for the same name, which is not kept. */
  named(name: string): Visitor | Promise<Visitor> {
    return this.#salted((salt) => personOf(name, salt));
  }

  /**
   * From where this request comes, for limits: the same all day for an IPv4 address, or an IPv6
   * network, whatever asks from there. `undefined` where today's salt cannot be had.
   */
  placeOf(c: AppContext): string | undefined | Promise<string | undefined> {
    return this.#salted((salt) => salt && placeIn(this.networkOf(c), salt));
  }

  /**
   * The IPv4 address, or the IPv6 network of 64 bits, that this request comes from. Not to be kept
   * longer than its connection.
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

  /** Asks for the day's salt, once for all who want it, and waits briefly. Never fails. */
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
    if (this.#asking && leftMs > 0) await briefly(this.#asking, clock, leftMs);
  }
}
