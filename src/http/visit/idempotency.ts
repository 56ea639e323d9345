/**
 * `Idempotency-Key`: a client that got no answer may send its request again under the same key,
 * and it counts once.
 *
 * As in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, with the key
 * as it stands or in quotes. A key belongs to one counter, so that nobody can take the keys of
 * another's visitors away. Not here: remembering it, which happens in the same write as counting.
 */
import { createHash } from 'node:crypto';
import type { RequestKey } from '../../contract/counting.ts';
import { AppError } from '../../counter/errors.ts';

/** 255 is what common gateways allow; a UUID has 36. */
const KEY = /^[\u0021-\u007E]{1,255}$/;

/**
 * How a hit of `amount` on `counter`, by `visitor` where one is named, is recognised when it is
 * sent again; `undefined` when the request has no key. Fails with `key-invalid`.
 */
export function onceFrom(
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
  // 128 bits are enough for keys not to meet by chance, and half of what a SHA-256 would take in
  // every key that is remembered.
  const digestOf = (text: string) =>
    createHash('sha256').update(text).digest('base64url').slice(0, 22);
  const request = visitor === '' ? `${amount}` : `${amount}-${digestOf(visitor)}`;
  return { key: digestOf(`${counter}\n${key}`), request };
}
