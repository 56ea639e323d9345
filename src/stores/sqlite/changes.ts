/**
 * Applies the changes of a batch in a transaction.
 *
 * Not here: the transaction, and repeated batches (`counting.ts`); the history of visits
 * (`visits.ts`).
 */

import { type Change, KEY_MEMORY_MS, type Outcome } from '../../contract/counting.ts';
import { DAY_MS } from '../../contract/history.ts';
import type { StoreLimits } from '../../contract/limits.ts';
import type { Rules } from '../../contract/registry.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { readRules, withinWindow } from '../../counter/rules.ts';
import type { SqliteFile } from './file.ts';
import { type CommitContext, VisitRecorder } from './visits.ts';

/** Applies the changes in order and returns their outcomes. Call it in a transaction. */
export function applyChanges(
  file: SqliteFile,
  changes: readonly Change[],
  { keysMax, visitorsMax, hitsMake, countersMax }: StoreLimits,
  { at, short }: CommitContext,
): Outcome[] {
  const keys = changes.filter(({ once }) => once).length;
  let room = keys > 0 && !short ? keysMax - keysKept(file, keysMax - keys, at) : 0;
  const visits = new VisitRecorder(file, visitorsMax, { at, short });
  // The number of counters is read only when one is to be created.
  let mayMake: number | undefined;
  const makes = () => {
    mayMake ??= short ? 0 : countersMax - (file.size.get()?.counters ?? 0);
    return --mayMake >= 0;
  };

  const outcomes = changes.map((change) => {
    const { counter, once } = change;
    const there = file.read.get(counter);
    const rules = readRules(there?.rules);
    const known = once && file.recallKey.get(once.key);
    if (known) return known.request === once.request ? outcome(known.total, rules) : 'key-reused';
    if (once && room <= 0) return 'keys-full';
    if (!there) {
      const isDefault = counter === DEFAULT_COUNTER;
      if (!isDefault && (!hitsMake || change.make === false)) return 'missing';
      // The default counter may always be created, and counts towards the maximum like any other.
      if (!makes() && !isDefault) return 'counters-full';
    }
    const counted = rules.windowMs > 0 ? firstVisits(file, change, rules.windowMs, at) : undefined;
    const left = counted ? withinWindow(change, counted) : change;
    const total =
      left.amount === 0 ? (there?.total ?? 0) : file.add.get(counter, left.amount, at)?.total;
    if (total === undefined) return 'out-of-range';
    visits.record({ ...change, ...left });
    if (counted) noteVisits(file, change, counted, at);
    if (once) {
      file.rememberKey.run(once.key, once.request, total, at);
      room--;
    }
    return outcome(total, rules, counted);
  });
  visits.end();
  return outcomes;
}

function outcome(
  total: number,
  { private: hidden }: Rules,
  counted?: readonly boolean[],
): Outcome {
  return hidden || counted ? { total, private: hidden, counted } : total;
}

/** Returns for each visitor whether the window holds no earlier visit of theirs. */
function firstVisits(
  file: SqliteFile,
  { counter, visitors = [] }: Change,
  windowMs: number,
  at: number,
): boolean[] {
  return visitors.map(({ id, visits }) => {
    if (visits === 0) return false;
    const before = file.countedAt.get(dayOf(at), counter, id)?.counted_at;
    // A visit further ahead than the window came from a wrong clock.
    return before === null || before === undefined || Math.abs(at - before) >= windowMs;
  });
}

/** Records the time for each visitor whose visit counted. */
function noteVisits(
  file: SqliteFile,
  { counter, visitors = [] }: Change,
  counted: readonly boolean[],
  at: number,
): void {
  visitors.forEach(({ id }, index) => {
    if (counted[index]) file.noteCounted.run(dayOf(at), counter, id, at);
  });
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

/**
 * The number of stored keys. If it is more than `enough`, this first deletes some of the oldest
 * keys that are expired or come from a wrong clock. Otherwise it deletes none, so that a clock
 * that is wrong for a while loses no keys.
 */
function keysKept(file: SqliteFile, enough: number, at: number): number {
  const kept = file.keysKept.get()?.count ?? 0;
  if (kept <= enough) return kept;
  file.forgetKeys.run(at - KEY_MEMORY_MS, at + KEY_MEMORY_MS);
  return file.keysKept.get()?.count ?? 0;
}
