/**
 * Loaded before Seen's own commands (`bun --preload`): an export or import does not finish while
 * the file `HOLD_FILE` exists, so that a test always meets it half-way, however slow the test is.
 */
import { existsSync } from 'node:fs';
import type { Archive } from '../../src/contract/archive.ts';
import { RedisArchive } from '../../src/stores/redis/archive.ts';
import { SqliteArchive } from '../../src/stores/sqlite/archive.ts';

const file = process.env['HOLD_FILE'] ?? '';
const last = process.env['HOLD_COUNTER'] ?? '';

async function released(): Promise<void> {
  while (existsSync(file)) await Bun.sleep(5);
}

function hold(archive: Pick<Archive, 'importAll' | 'readAll'>): void {
  const { importAll, readAll } = archive;
  archive.importAll = async function (this: typeof archive, counters, terms) {
    if (counters.some(({ counter }) => counter === last)) await released();
    return importAll.call(this, counters, terms);
  };
  archive.readAll = async function* (this: typeof archive, after) {
    yield* readAll.call(this, after);
    await released();
  };
}

hold(RedisArchive.prototype);
hold(SqliteArchive.prototype);
