/**
 * `Idempotency-Key`: a client that got no response may retry its request with the same key, and it
 * counts once.
 *
 * As in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, with the key
 * bare or in quotes. A key belongs to one counter, so that nobody can use up the keys of another
 * counter's visitors. Not here: storing keys, which happens in the same write as counting.
 */
import { createHash } from 'node:crypto';
import type { RequestKey } from '../../contract/counting.ts';
import { AppError } from '../../counter/errors.ts';

/** Common gateways allow 255; a UUID has 36. */
const KEY = /^[\u0021-\u007E]{1,255}$/;

/**
 * Identifies a hit of `amount` on `counter`, by `visitor` if one is named, so that a retry is
 * recognised; `undefined` when the request has no key. Fails with `key-invalid`.
 */
export function requestKeyFrom(
  headers: Headers,
  counter: string,
  amount = 1,
  visitor = '',
): RequestKey | undefined {
  const header = headers.get('Idempotency-Key');
  if (header === null) return undefined;
  const key = header.replace(/^"(.*)"$/, '$1');
  if (!KEY.test(key)) {
    throw new AppError(
      'key-invalid',
      'This Idempotency-Key is not valid. Use 1 to 255 visible ASCII characters without spaces, for example a new UUID. Not counted.',
    );
  }
  // 128 bits are enough to avoid collisions, and half of what a SHA-256 would add to every stored
  // key.
  const digestOf = (text: string) =>
    createHash('sha256').update(text).digest('base64url').slice(0, 22);
  const request = visitor === '' ? `${amount}` : `${amount}-${digestOf(visitor)}`;
  return { key: digestOf(`${counter}\n${key}`), request };
}
