/**
 * `npx bun bench/live.ts`: the cost of 5,000 listeners on one replica, on each store, without
 * visits and with them. How it is measured: listeners.ts. Usage: npx bun bench/live.ts
 * [--listeners 5000] [--seconds 10]
 */
import { parseArgs } from 'node:util';
import { measureListeners } from './listeners.ts';
import { LISTENING_HEAD, listeningRow } from './page-tables.ts';
import { STORE_NAMES } from './stores.ts';

const COUNTERS = 1000;

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      listeners: { type: 'string', default: '5000' },
      seconds: { type: 'string', default: '10' },
    },
  });
  const [listeners, seconds] = [Number(values.listeners), Number(values.seconds)];
  process.stdout.write(`${LISTENING_HEAD}\n`);
  for (const store of STORE_NAMES) {
    for (const counters of [1, COUNTERS]) {
      process.stdout.write(
        `${listeningRow(await measureListeners(store, listeners, counters, seconds))}\n`,
      );
    }
  }
}

await main(process.argv.slice(2));
