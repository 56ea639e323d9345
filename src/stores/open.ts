/**
 * Picks the store for a store URL. Not here: reaching it; a store connects or opens its file when first asked.
 */
import { AppError } from '../counter/errors.ts';
import type { Store } from '../counter/store.ts';
import { RedisStore } from './redis.ts';
import { SqliteStore } from './sqlite.ts';

export interface StoreOptions {
  /** `redis://…`, `rediss://…` or `sqlite:PATH`. */
  url: string;
  /** Certificates (PEM) to trust besides the system's, for `rediss://`. */
  ca: string | undefined;
  /** How long the store may be silent, in milliseconds. */
  timeoutMs: number;
  /** What to do when a database file is not there. */
  missing: 'make' | 'refuse';
}

/** Builds the store that `url` names. Fails with `settings-invalid` for a URL that names none. */
export function openStore({ url, ca, timeoutMs, missing }: StoreOptions): Store {
  if (url.startsWith('redis:') || url.startsWith('rediss:')) return new RedisStore({ url, ca, timeoutMs });
  if (url.startsWith('sqlite:'))
    return new SqliteStore({ path: url.slice('sqlite:'.length), timeoutMs, missing, now: Date.now });
  throw new AppError('settings-invalid', 'A store URL begins with redis://, rediss:// or sqlite:.');
}
