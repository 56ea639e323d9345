/**
 * Loaded before Seen's own commands (`bun --preload`): a transfer does not come to its end as long
 * as the file `HOLD_FILE` is there, so that a test surely meets it in the middle, however slow the
 * test is.
 */
import { existsSync } from 'node:fs';
import { RedisStore } from '../../src/stores/redis/store.ts';
import { SqliteStore } from '../../src/stores/sqlite/store.ts';

const file = process.env['HOLD_FILE'] ?? '';
const last = process.env['HOLD_COUNTER'] ?? '';

async function released(): Promise<void> {
  while (existsSync(file)) await Bun.sleep(5);
}

function hold(store: Pick<RedisStore, 'bring' | 'readAll'>): void {
  const { bring, readAll } = store;
  store.bring = async function (this: typeof store, counters, terms) {
    if (counters.some(({ counter }) => counter === last)) await released();
    return bring.call(this, counters, terms);
  };
  store.readAll = async function* (this: typeof store) {
    yield* readAll.call(this);
    await released();
  };
}

hold(RedisStore.prototype);
hold(SqliteStore.prototype);
