/**
 * Permissions by token: one token for the whole installation, and one for each created counter.
 *
 * A token has 256 random bits, so its unsalted SHA-256 is as good as any slower hash. The store
 * keeps that hash, and comparisons take constant time. Tokens come as `Authorization: Bearer
 * TOKEN` (RFC 6750), never in a URL, which logs would keep.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Condition, Description } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';

/** The token for a new owner, and the hash for the store. */
export interface IssuedToken {
  readonly token: string;
  readonly owner: string;
}

/**
 * A new token for the owner of a counter. It names the counter, so that a page can find the
 * counter of a token. The prefix helps people, and programs that search for leaked secrets.
 */
export function issueToken(counter: string): IssuedToken {
  return issued(`seen_${randomBytes(32).toString('base64url')}~${counter}`);
}

/** A token that the caller has made, with at least 122 random bits. */
export function issued(token: string): IssuedToken {
  return { token, owner: hashOf(token) };
}

/** The token in `Authorization: Bearer TOKEN`; `undefined` when there is none. */
export function bearerIn(headers: Headers): string | undefined {
  return /^Bearer +([\u0021-\u007E]+)$/i.exec(headers.get('Authorization') ?? '')?.[1];
}

/** Checks tokens. Knows that of the installation; those of counters come from the store. */
export class Owners {
  readonly #installation: string | undefined;

  /** `token` is the installation's, if it has one. */
  constructor(token: string | undefined) {
    this.#installation = token === undefined ? undefined : hashOf(token);
  }

  /**
   * Fails with `token-missing` or `token-refused` unless the request has the token of the counter
   * or of the installation. Returns the condition for changing the counter: it may have been
   * deleted since then, and created again by somebody else.
   */
  requireOwner(headers: Headers, { owner }: Description): Condition {
    const hash = tokenHash(headers, this.#advice(owner));
    if (same(hash, this.#installation)) return {};
    if (!same(hash, owner)) throw refused();
    return { owner: hash };
  }

  /** Whether the request has the token of the counter or of the installation. */
  isOwner(headers: Headers, { owner }: Description): boolean {
    const token = bearerIn(headers);
    return token !== undefined && this.isOwnerToken(token, owner);
  }

  /**
   * Fails with `token-missing` or `token-refused` unless the request has the installation's token.
   */
  requireInstallation(headers: Headers): void {
    const hash = tokenHash(headers, this.#advice(undefined));
    if (!same(hash, this.#installation)) throw refused();
  }

  /** Whether the request has the installation's token. */
  isInstallation(headers: Headers): boolean {
    const token = bearerIn(headers);
    return token !== undefined && this.isInstallationToken(token);
  }

  /** Whether this is the token of the installation. */
  isInstallationToken(token: string): boolean {
    return same(hashOf(token), this.#installation);
  }

  /** Whether this is the token of a counter's owner, or the installation's. */
  isOwnerToken(token: string, owner: string | undefined): boolean {
    return same(hashOf(token), owner) || this.isInstallationToken(token);
  }

  #advice(owner: string | undefined): string {
    if (owner !== undefined) return 'Send the token that you got when you created the counter.';
    return this.#installation === undefined
      ? 'It must be the installation’s token, but this Seen has none: start it with SEEN_TOKEN.'
      : 'Send the installation’s token (SEEN_TOKEN).';
  }
}

function tokenHash(headers: Headers, advice: string): string {
  const token = bearerIn(headers);
  if (token === undefined) {
    throw new AppError(
      'token-missing',
      `This needs a token, as “Authorization: Bearer TOKEN”. ${advice}`,
    );
  }
  return hashOf(token);
}

function refused(): AppError {
  return new AppError(
    'token-refused',
    'This token belongs neither to this counter nor to the installation.',
  );
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Compares two hashes in constant time. */
function same(one: string, other: string | undefined): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other ?? '')];
  return a.length === b.length && timingSafeEqual(a, b);
}
