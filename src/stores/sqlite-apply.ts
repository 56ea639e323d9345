/** What a transaction does with the changes of a batch. Not here: the transaction, and whether the batch is applied already. */
import { DEFAULT_COUNTER } from '../counter/name.ts';
import { DAY_MS, HOUR_MS, HOURS_KEPT_DAYS } from '../counter/past.ts';
import { type Rules, readRules } from '../counter/registry.ts';
import { type Change, KEY_MEMORY_MS, type Outcome } from '../counter/store.ts';
import { KINDS } from '../counter/visitor.ts';
import { withinWindow } from '../counter/window.ts';
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
  // How many there are is read only where one is to be made.
  let mayMake: number | undefined;
  const makes = () => {
    mayMake ??= countersMax - (file.size.get()?.counters ?? 0);
    return --mayMake >= 0;
  };

  return changes.map((change) => {
    const { counter, once } = change;
    const there = file.read.get(counter);
    const rules = readRules(there?.rules);
    const known = once && file.recallKey.get(once.key);
    if (known) return known.request === once.request ? outcome(known.total, rules) : 'key-reused';
    if (once && room <= 0) return 'keys-full';
    if (!there && counter !== DEFAULT_COUNTER) {
      if (!hitsMake || change.make === false) return 'missing';
      if (!makes()) return 'counters-full';
    }
    const counted = rules.windowMs > 0 ? firstVisits(file, change, rules.windowMs, at) : undefined;
    const left = counted ? withinWindow(change, counted) : change;
    const total = left.amount === 0 ? (there?.total ?? 0) : file.add.get(counter, left.amount, at)?.total;
    if (total === undefined) return 'out-of-range';
    remember(file, { ...change, ...left }, at);
    if (counted) noteVisits(file, change, counted, at);
    if (once) {
      file.rememberKey.run(once.key, once.request, total, at);
      room--;
    }
    return outcome(total, rules, counted);
  });
}

function outcome(total: number, { private: hidden }: Rules, counted?: readonly boolean[]): Outcome {
  return hidden || counted ? { total, private: hidden, counted } : total;
}

/** Which of the change's visitors have not been counted within the window. */
function firstVisits(
  file: SqliteFile,
  { counter, visitors = [] }: Change,
  windowMs: number,
  at: number,
): boolean[] {
  return visitors.map(({ id, visits }) => {
    if (visits === 0) return false;
    const before = file.countedAt.get(dayOf(at), counter, id)?.counted_at;
    // From farther ahead than the window is a clock that was wrong.
    return before === null || before === undefined || Math.abs(at - before) >= windowMs;
  });
}

/** Notes down that the visitors whose visit counted have been counted. */
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

/** Remembers who it was that added something. */
function remember(
  file: SqliteFile,
  { counter, amount, kinds = { program: amount }, visitors = [] }: Change,
  at: number,
): void {
  const hour = Math.floor(at / HOUR_MS);
  for (const kind of KINDS) {
    const added = kinds[kind];
    if (!added) continue;
    // In a new hour: what is old is folded into days.
    if (file.addToHour.get(counter, hour, kind, added)?.amount !== added) continue;
    const kept = hour - HOURS_KEPT_DAYS * 24;
    file.foldHours.run(counter, kept);
    file.deleteHours.run(counter, kept);
  }
  const fresh = visitors.filter(({ id }) => file.addVisitor.get(dayOf(at), counter, id) !== null).length;
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
