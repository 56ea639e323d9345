/**
 * Chooses the store for a store URL. The store connects, or opens its file, on first use and not
 * here.
 */

import type { StoreLimits } from '../contract/limits.ts';
import type { Store } from '../contract/store.ts';
import { AppError } from '../counter/errors.ts';
import { nodeUrls } from '../redis-url.ts';
import type { RedisOptions } from './redis/connection.ts';
import type { SqliteOptions } from './sqlite/database.ts';

export interface StoreOptions
  extends StoreLimits,
    Pick<RedisOptions, 'ca'>,
    Pick<SqliteOptions, 'missing'> {
  /** `redis://…`, `rediss://…`, the same with `+cluster`, `postgres://…` or `sqlite:PATH`. */
  url: string;
  /** How long the store may be silent, in milliseconds. */
  timeoutMs: number;
}

/**
 * The largest allowed difference between the clocks of this machine and of a shared store. Hours,
 * days and windows use the first, and expiry the second. Clocks set by NTP differ by milliseconds;
 * one that was never set is off by more than this.
 */
const CLOCKS_DIFFER_MAX_MS = 60 * 60 * 1000;

/** The path of the database file in `url`; `undefined` for a store without a file. */
export function databaseFile(url: string): string | undefined {
  return url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : undefined;
}

/**
 * Builds the store for `url`. Loads only the code of this store, which halves the time that a
 * process takes to start. Fails with `settings-invalid` for any other URL.
 */
export async function openStore({ url, ca, missing, ...shared }: StoreOptions): Promise<Store> {
  const options = { ...shared, now: Date.now };
  const onServer = { url, ca, clocksDifferMaxMs: CLOCKS_DIFFER_MAX_MS, ...options };
  if (nodeUrls(url).length > 0) {
    const { createRedisStore } = await import('./redis/store.ts');
    return createRedisStore(onServer);
  }
  if (/^postgres(ql)?:/.test(url)) {
    const { createPostgresStore } = await import('./postgres/store.ts');
    return createPostgresStore(onServer);
  }
  const path = databaseFile(url);
  if (path !== undefined) {
    const { createSqliteStore } = await import('./sqlite/store.ts');
    return createSqliteStore({ path, missing, ...options });
  }
  throw new AppError(
    'settings-invalid',
    'A store URL begins with redis://, rediss://, redis+cluster://, postgres:// or sqlite:.',
  );
}
