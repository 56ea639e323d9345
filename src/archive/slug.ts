/**
 * Derives a readable counter key from a path or a Redis key of another service. The same input
 * always gives the same key.
 */
import { createHash } from 'node:crypto';

const KEY_MAX = 64;
const KEY_MIN = 3;

/**
 * The key for a path: slashes at its ends are removed, and others become "-"; an empty path is
 * `index`. Invalid characters become "-", too, followed by a hash of the path, so that different
 * paths get different keys. Long paths also get a hash; short ones are padded with dots on the
 * left.
 */
export function keyFor(path: string): string {
  const inside = path.replace(/^\/+|\/+$/g, '');
  if (inside === '') return 'index';
  const key = inside.replace(/\/+/g, '-');
  const allowed = key.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^-+|-+$/g, '');
  if (allowed === key && key.length <= KEY_MAX) return key.padStart(KEY_MIN, '.');
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 10);
  const room = KEY_MAX - hash.length - 1;
  return allowed === '' ? hash : `${allowed.slice(0, room)}-${hash}`;
}
