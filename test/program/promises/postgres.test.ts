/** The promises on PostgreSQL. */
import { afterEach } from 'bun:test';
import { testPromises } from './on-store.ts';
import { cleanUp, onPostgres } from './shared.ts';

afterEach(cleanUp);

testPromises('PostgreSQL', onPostgres);
