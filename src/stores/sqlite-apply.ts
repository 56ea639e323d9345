/** What a transaction does with the changes of a batch. Not here: the transaction, and whether the batch is applied already. */
import { type Change, KEY_MEMORY_MS, type Outcome } from '../counter/store.ts';
import type { SqliteFile } from './sqlite-file.ts';

/**
 * Applies the changes in their order and answers their outcomes. `keysMax` is how many keys of requests may be remembered, `at` is
 * now, in milliseconds since 1970. To be called in a transaction.
 */
export function applyChanges(
  file: SqliteFile,
  changes: readonly Change[],
  keysMax: number,
  at: number,
): Outcome[] {
  let room = changes.some(({ once }) => once) ? keysMax - keysKept(file, at) : 0;
  return changes.map(({ counter, amount, once }) => {
    const known = once && file.recallKey.get(once.key);
    if (known) return known.request === once.request ? known.total : 'key-reused';
    if (once && room <= 0) return 'keys-full';
    const total = file.add.get(counter, amount)?.total;
    if (total === undefined) return 'out-of-range';
    if (once) {
      file.rememberKey.run(once.key, once.request, total, at);
      room--;
    }
    return total;
  });
}

/** How many keys are remembered, after the oldest of those that are over were forgotten. */
function keysKept(file: SqliteFile, at: number): number {
  const over = at - KEY_MEMORY_MS;
  if ((file.keysKept.get()?.oldest ?? at) < over) file.forgetKeys.run(over);
  return file.keysKept.get()?.count ?? 0;
}
