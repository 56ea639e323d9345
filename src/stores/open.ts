/**
 * Picks the store for a store URL. Not here: reaching it; a store connects or opens its file when
 * first asked.
 */

import type { StoreLimits } from '../contract/limits.ts';
import type { Store } from '../contract/store.ts';
import { AppError } from '../counter/errors.ts';
import type { RedisOptions } from './redis/connection.ts';
import { createRedisStore } from './redis/store.ts';
import type { SqliteOptions } from './sqlite/database.ts';
import { createSqliteStore } from './sqlite/store.ts';

export interface StoreOptions
  extends StoreLimits,
    Pick<RedisOptions, 'ca'>,
    Pick<SqliteOptions, 'missing'> {
  /** `redis://…`, `rediss://…` or `sqlite:PATH`. */
  url: string;
  /** How long the store may be silent, in milliseconds. */
  timeoutMs: number;
}

/**
 * How far the clocks of this machine and of a shared store may differ. Hours, days and windows are
 * told by the first, and what ends by itself by the second. Clocks that are set by NTP differ by
 * milliseconds; one that was never set is off by more than this.
 */
const CLOCKS_DIFFER_MAX_MS = 60 * 60 * 1000;

/** The path of the database file that `url` names; `undefined` for a store that is no file. */
export function databaseFile(url: string): string | undefined {
  return url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : undefined;
}

/** Builds the store that `url` names. Fails with `settings-invalid` for a URL that names none. */
export function openStore({ url, ca, missing, ...shared }: StoreOptions): Store {
  const options = { ...shared, now: Date.now };
  if (url.startsWith('redis:') || url.startsWith('rediss:')) {
    return createRedisStore({ url, ca, clocksDifferMaxMs: CLOCKS_DIFFER_MAX_MS, ...options });
  }
  const path = databaseFile(url);
  if (path !== undefined) return createSqliteStore({ path, missing, ...options });
  throw new AppError(
    'settings-invalid',
    'A store URL begins with redis://, rediss:// or sqlite:.',
  );
}
