/**
 * The key of a counter for what was counted elsewhere under a path or a Redis key: always the
 * same, and readable.
 */
import { createHash } from 'node:crypto';

const KEY_MAX = 64;
const KEY_MIN = 3;

/**
 * The key for a path: slashes at its ends are left out, those inside become "-"; a path without
 * anything is `index`. What a key cannot hold becomes "-" too, and then a hash of the path
 * follows, so that paths which differ in it stay apart. So it is with paths that are too long;
 * those that are too short are padded with dots on the left.
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
