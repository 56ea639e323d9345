/**
 * The stores on which the tests of the program run: `forEachStore` declares its tests for each.
 * The interface of their databases is in `database.ts`.
 */
import { afterAll, describe } from 'bun:test';
import type { Database } from './database.ts';
import { endPostgres, newPostgres } from './postgres.ts';
import { newRedis } from './redis.ts';
import { newSqlite } from './sqlite.ts';

/** Functions that make an empty database, by store. */
export const NEW_DATABASE = {
  Redis: newRedis,
  SQLite: newSqlite,
  PostgreSQL: newPostgres,
} as const satisfies Readonly<Record<string, () => Promise<Database>>>;
export type StoreName = keyof typeof NEW_DATABASE;

/** Declares `tests` for each store, and passes them the function that makes a new database. */
export function forEachStore(
  tests: (newDatabase: () => Promise<Database>, name: StoreName) => void,
): void {
  for (const [name, newDatabase] of Object.entries(NEW_DATABASE)) {
    describe(`on ${name}`, () => tests(newDatabase, name as StoreName));
  }
  afterAll(endPostgres);
}
