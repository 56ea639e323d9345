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
  /** How many keys of requests are remembered at the most. */
  keysMax: number;
  /** Whether a hit makes a counter that is not there. */
  hitsMake: boolean;
  /** How many counters there may be. */
  countersMax: number;
  /** What to do when a database file is not there. */
  missing: 'make' | 'refuse';
}

/** Builds the store that `url` names. Fails with `settings-invalid` for a URL that names none. */
export function openStore({ url, ca, missing, ...shared }: StoreOptions): Store {
  const options = { ...shared, now: Date.now };
  if (url.startsWith('redis:') || url.startsWith('rediss:')) return new RedisStore({ url, ca, ...options });
  if (url.startsWith('sqlite:'))
    return new SqliteStore({ path: url.slice('sqlite:'.length), missing, ...options });
  throw new AppError('settings-invalid', 'A store URL begins with redis://, rediss:// or sqlite:.');
}
