/** What a transaction does with the changes of a batch. Not here: the transaction, and whether the batch is applied already. */
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS } from '../counter/past.ts';
import { type Change, KEY_MEMORY_MS, type Outcome } from '../counter/store.ts';
import { KINDS } from '../counter/visitor.ts';
import type { SqliteFile } from './sqlite-file.ts';

export interface Limits {
  /** How many keys of requests are remembered at the most. */
  readonly keysMax: number;
  /** Whether a hit makes a counter that is not there. */
  readonly hitsMake: boolean;
  /** How many counters there may be. */
  readonly countersMax: number;
}

/** Applies the changes in their order and answers their outcomes. `at` is now, in milliseconds since 1970. To be called in a transaction. */
export function applyChanges(
  file: SqliteFile,
  changes: readonly Change[],
  { keysMax, hitsMake, countersMax }: Limits,
  at: number,
): Outcome[] {
  let room = changes.some(({ once }) => once) ? keysMax - keysKept(file, at) : 0;
  let mayMake = hitsMake ? countersMax - (file.size.get()?.counters ?? 0) : 0;
  const mayBe = (counter: string): boolean =>
    mayMake >= changes.length ||
    counter === DEFAULT_COUNTER ||
    file.read.get(counter) !== null ||
    --mayMake >= 0;

  return changes.map((change) => {
    const { counter, amount, once } = change;
    const known = once && file.recallKey.get(once.key);
    if (known) return known.request === once.request ? known.total : 'key-reused';
    if (once && room <= 0) return 'keys-full';
    if (!mayBe(counter)) return hitsMake ? 'counters-full' : 'missing';
    const total = file.add.get(counter, amount, at)?.total;
    if (total === undefined) return 'out-of-range';
    remember(file, change, at);
    if (once) {
      file.rememberKey.run(once.key, once.request, total, at);
      room--;
    }
    return total;
  });
}

/** Remembers who it was that added something. */
function remember(
  file: SqliteFile,
  { counter, amount, kinds = { program: amount }, visitors = [] }: Change,
  at: number,
): void {
  const hour = Math.floor(at / HOUR_MS);
  for (const kind of KINDS) {
    const added = kinds[kind];
    if (added === undefined) continue;
    // In a new hour: what is old is folded into days.
    if (file.addToHour.get(counter, hour, kind, added)?.amount !== added) continue;
    const kept = hour - HOURS_KEPT_DAYS * 24;
    file.foldHours.run(counter, kept);
    file.deleteHours.run(counter, kept);
  }
  const fresh = visitors.filter(
    (visitor) => file.addVisitor.get(dayOf(at), counter, visitor) !== null,
  ).length;
  if (fresh === 0) return;
  file.addToUniques.run(counter, dayOf(at), fresh);
  // An hour late: a replica's clock may be behind.
  file.forgetVisitors.run(dayOf(at - HOUR_MS));
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

/** How many keys are remembered, after the oldest of those that are over were forgotten, or that a wrong clock has made. */
function keysKept(file: SqliteFile, at: number): number {
  const oldest = file.keysKept.get()?.oldest ?? at;
  if (Math.abs(at - oldest) > KEY_MEMORY_MS) file.forgetKeys.run(at - KEY_MEMORY_MS, at + KEY_MEMORY_MS);
  return file.keysKept.get()?.count ?? 0;
}
