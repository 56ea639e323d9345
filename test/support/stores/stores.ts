/**
 * The stores that the tests of the program run on: each test in `forEachStore` runs on each. What
 * such a test needs of its database, whatever it is, is in `database.ts`.
 */
import { afterAll, describe } from 'bun:test';
import type { Database } from './database.ts';
import { endPostgres, newPostgres } from './postgres.ts';
import { newRedis } from './redis.ts';
import { newSqlite } from './sqlite.ts';

/** An empty database of each kind. */
export const NEW_DATABASE = {
  Redis: newRedis,
  SQLite: newSqlite,
  PostgreSQL: newPostgres,
} as const satisfies Readonly<Record<string, () => Promise<Database>>>;
export type StoreName = keyof typeof NEW_DATABASE;

/** Declares `tests` for each store; they get what makes a new database. */
export function forEachStore(
  tests: (newDatabase: () => Promise<Database>, name: StoreName) => void,
): void {
  for (const [name, newDatabase] of Object.entries(NEW_DATABASE)) {
    describe(`on ${name}`, () => tests(newDatabase, name as StoreName));
  }
  afterAll(endPostgres);
}
