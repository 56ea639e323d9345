/**
 * Identifies the visitor of a request for one day, by a keyed hash of address and user agent.
 *
 * The key, the day's salt, is shared by all replicas and deleted at the end of the day; after that
 * a hash cannot be traced to an address, nor linked to a hash of another day. The idea is that of
 * cookie-free analytics (https://plausible.io/data-policy). The salt is read from the store once a
 * day; without it visitors are unknown, but their visits count. Not here: kinds of visitors
 * (`counter/visitor.ts`), and addresses behind proxies (`client-address.ts`).
 */
import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { DAY_MS, type History, type Kind } from '../../contract/history.ts';
import { type Clock, resultWithin } from '../../counter/clock.ts';
import type { LimitedVisitor } from '../../counter/limits/known-quotas.ts';
import { kindOf, USER_AGENT_LENGTH_MAX, type Visitor } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';

/** Returns the client's address, from the address of the connection and `X-Forwarded-For`. */
export type ClientAddress = (peer: string, forwardedFor: string | null) => string;

export interface VisitorsOptions {
  readonly history: Pick<History, 'salt'>;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a new salt, for a day without one. */
  readonly newSalt: () => string;
}

/**
 * How long a visit waits for the salt: longer than a healthy store takes. After this it may still
 * wait its full time for its number.
 */
const SALT_WAIT_MS = 250;
/** The delay before the salt is requested again after a failure. */
const AGAIN_MS = 1000;

/** Identifies visitors with the salt of the day, which it reads once a day. */
export class Visitors {
  readonly #options: VisitorsOptions;
  #day = -1;
  #salt: string | undefined;
  /** A hash of the salt, for hashes that do not leave this process. */
  #seed = 0n;
  #asking: Promise<void> | undefined;
  /** When the salt may be read again, and when waiting for it ends: on the clock. */
  #askAgainAt = Number.NEGATIVE_INFINITY;
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

  /** A visitor whom a program names: the same all day for the same name, which is not stored. */
  named(name: string): Visitor | Promise<Visitor> {
    return this.#salted((salt) => visitorNamed(name, salt));
  }

  /**
   * The hashes of this request's network, for limits: the same all day for all clients of an IPv4
   * address or an IPv6 network. `undefined` when today's salt is not available.
   */
  limitedVisitorOf(c: AppContext) {
    return this.#salted((salt): LimitedVisitor | undefined => {
      if (salt === undefined) return undefined;
      const network = this.networkOf(c);
      return { key: Bun.hash(network, this.#seed), who: () => keyed(network, salt) };
    });
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
    return (c.env.clientAddress ??= this.#findAddress(c));
  }

  #findAddress(c: AppContext): string {
    const peer = c.env.peer?.address ?? '';
    const forwardedFor = c.req.raw.headers.get('X-Forwarded-For');
    return forwardedFor === null
      ? plainAddress(peer)
      : this.#options.clientAddress(peer, forwardedFor);
  }

  /** Reads the day's salt, with one call for all callers, and waits briefly. Never fails. */
  async #ask(day: number): Promise<void> {
    const { history, clock, newSalt } = this.#options;
    if (this.#asking === undefined && clock.now() >= this.#askAgainAt) {
      this.#waitUntil = clock.now() + SALT_WAIT_MS;
      this.#asking = history
        .salt(day, newSalt())
        .then((salt) => {
          this.#day = day;
          this.#salt = salt;
          this.#seed = Bun.hash(salt);
        })
        .catch(() => {
          this.#askAgainAt = clock.now() + AGAIN_MS;
        })
        .finally(() => {
          this.#asking = undefined;
        });
    }
    const leftMs = this.#waitUntil - clock.now();
    if (this.#asking && leftMs > 0) await resultWithin(this.#asking, clock, leftMs);
  }
}

/** The visitor with this address and user agent, on the day of this salt. */
export function visitorOf(address: string, userAgent: string, salt: string): Visitor {
  const kind = rememberedKind(userAgent);
  if (kind === 'bot' || kind === 'proxy') return { kind, id: undefined };
  return { kind, id: keyed(`${address}\n${userAgent}`, salt) };
}

/** The visitor that a program names, on the day of this salt; unknown without a salt. */
function visitorNamed(name: string, salt: string | undefined): Visitor {
  // No address and no user agent begins like this, so named visitors never collide with others.
  return { kind: 'person', id: salt === undefined ? undefined : keyed(`\nnamed\n${name}`, salt) };
}

/**
 * A keyed hash (HMAC-SHA-256), cut to 66 bits: with a million visitors a day, two of them get the
 * same one once in 150 million days.
 */
function keyed(text: string, salt: string): string {
  return new Bun.CryptoHasher('sha256', salt).update(text).digest('base64url').slice(0, 11);
}

/** The number of kinds that are remembered, by user agent: all together take less than 1 MB. */
const KINDS_MAX = 1000;
const kinds = new LRUCache<string, Kind>({ max: KINDS_MAX });

function rememberedKind(userAgent: string): Kind {
  const known = kinds.get(userAgent);
  if (known) return known;
  const kind = kindOf(userAgent);
  if (userAgent.length <= USER_AGENT_LENGTH_MAX) kinds.set(userAgent, kind);
  return kind;
}

/**
 * The network that an address belongs to: an IPv4 address itself, or the IPv6 network of 64 bits,
 * because a customer gets a whole network, with any number of addresses (RFC 6177).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const first = groupsOf(head);
  const last = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Groups of 16 bits; an IPv4 address at the end counts as two. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : group));
}

/**
 * An address, with IPv4 in its usual form. Sockets for both versions of IP write IPv4 addresses as
 * `::ffff:192.0.2.1`, and some proxies as `::ffff:c000:201`.
 */
export function plainAddress(address: string): string {
  if (!/^::ffff:/i.test(address)) return address;
  const mapped = address.slice('::ffff:'.length);
  if (isIP(mapped) === 4) return mapped;
  const [, high, low] = /^([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(mapped) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [...Buffer.from(group.padStart(4, '0'), 'hex')]).join('.');
}
