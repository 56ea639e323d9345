/** The promises on PostgreSQL. */
import { testPromises } from './on-store.ts';
import { onPostgres } from './shared.ts';

testPromises('PostgreSQL', onPostgres);
