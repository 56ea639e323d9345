/**
 * What a transaction does with counters that are made, changed, deleted and listed. Not here: the
 * transaction.
 */

import {
  type Condition,
  type CounterChanges,
  type Deletion,
  type Description,
  type Draft,
  type ListQuery,
  type Page,
} from '../../contract/registry.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { changedRules, meets, readRules, writeRules } from '../../counter/rules.ts';
import { forgetAll } from './archive.ts';
import type { TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';
import { descriptionOf } from './rows.ts';
import { AFTER_ALL_NAMES, type Row } from './statements.ts';

/** Makes a counter, as `Registry.make` promises. */
export function makeOne(
  file: SqliteFile,
  counter: string,
  { total, madeAt, owner, rules }: Draft,
  countersMax: number,
): TransactionResult<'made' | 'exists' | 'counters-full'> {
  const before = file.describe.get(counter);
  if (before) return { answer: before.owner === owner ? 'made' : 'exists', changed: false };
  if ((file.size.get()?.counters ?? 0) >= countersMax)
    return { answer: 'counters-full', changed: false };
  file.make.run(counter, total, madeAt, owner, rules ? writeRules(rules) : null);
  return { answer: 'made', changed: true };
}

/** One counter that is to be changed. */
export interface Change {
  readonly counter: string;
  readonly changes: CounterChanges;
  readonly condition: Condition;
}

/**
 * Changes a counter, as `Registry.change` promises; `place` is the file. Fails with
 * `counter-unreadable`: the transaction is then to be rolled back. `at` is now, in milliseconds
 * since 1970.
 */
export function changeOne(
  file: SqliteFile,
  { counter, changes: { total, owner, rules }, condition }: Change,
  at: number,
  place: string,
): TransactionResult<Description | 'missing' | 'differs'> {
  // It is always there, also before its first hit.
  if (counter === DEFAULT_COUNTER) file.begun.run(counter, at);
  const before = file.describe.get(counter);
  if (!before) return { answer: 'missing', changed: false };
  if (!rowMeets(before, condition)) return { answer: 'differs', changed: false };
  const written = rules ? writeRules(changedRules(readRules(before.rules), rules)) : null;
  const after = file.change.get(counter, total ?? null, owner ?? null, written) ?? before;
  return { answer: descriptionOf(after, place), changed: true };
}

/** Deletes counters, as `Registry.delete` promises. */
export function deleteThose(
  file: SqliteFile,
  counters: readonly string[],
  condition: Condition,
  at: number,
): TransactionResult<readonly Deletion[]> {
  const answer = counters.map((counter): Deletion => {
    const row = file.describe.get(counter);
    if (row && !rowMeets(row, condition)) return 'differs';
    // Also where there is none: nothing of it is to be left.
    forgetAll(file, counter, at);
    return row ? 'deleted' : 'missing';
  });
  return { answer, changed: answer.some((outcome) => outcome !== 'differs') };
}

function rowMeets({ total, made_at: madeAt, owner, rules }: Row, condition: Condition): boolean {
  const known = { madeAt: madeAt ?? undefined, owner: owner ?? undefined };
  return meets({ total, ...known, rules: readRules(rules) }, condition);
}

/** Lists counters, as `Registry.list` promises. */
export function listed(
  file: SqliteFile,
  { prefix = '', search, after, limit }: ListQuery,
  place: string,
): Page {
  const rows = file.list.all(after, search, limit, prefix, `${prefix}${AFTER_ALL_NAMES}`);
  const counters = rows.map((row) => descriptionOf(row, place));
  return { counters, next: counters.length < limit ? undefined : counters.at(-1)?.counter };
}
