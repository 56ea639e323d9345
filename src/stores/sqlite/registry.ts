/**
 * Creates, changes, lists and deletes counters in a SQLite file, and knows their owners.
 *
 * Not here: transactions (`database.ts`), and the statements (`statements.ts`).
 */
import { DAY_MS } from '../../contract/history.ts';
import type {
  Condition,
  CounterChanges,
  Deletion,
  Description,
  Draft,
  Label,
  ListQuery,
  Page,
  Registry,
} from '../../contract/registry.ts';
import { storeFull } from '../../counter/errors.ts';
import { addsLabel, changedLabel } from '../../counter/label.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { changedRules, meets, readRules, writeRules } from '../../counter/rules.ts';
import { exactTotal } from '../exact-total.ts';
import type { PartOptions } from '../part-options.ts';
import { AFTER_ALL_NAMES, type Row } from './counter-statements.ts';
import type { SqliteSpace } from './counting.ts';
import type { SqliteDatabase, TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';

export class SqliteRegistry implements Registry {
  readonly #database: SqliteDatabase;
  readonly #space: SqliteSpace;
  readonly #options: PartOptions;

  constructor(database: SqliteDatabase, space: SqliteSpace, options: PartOptions) {
    this.#database = database;
    this.#space = space;
    this.#options = options;
  }

  /** When the disk is nearly full no counter is created, as if the maximum were reached. */
  create(counter: string, draft: Draft): Promise<'created' | 'exists' | 'counters-full'> {
    this.#space.check();
    const countersMax = this.#space.short ? 0 : this.#options.countersMax;
    return this.#database.write((file) => createOne(file, counter, draft, countersMax));
  }

  async describe(counter: string): Promise<Description | undefined> {
    return this.#database.read((file) => {
      const row = file.describe.get(counter);
      return row ? descriptionOf(row, this.#database.place) : undefined;
    });
  }

  async change(
    counter: string,
    changes: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    this.#space.check();
    if (this.#space.short && addsLabel(changes)) throw storeFull();
    const at = this.#options.now();
    return this.#database.write((file) =>
      changeOne(file, { counter, changes, condition }, at, this.#database.place),
    );
  }

  delete(counters: readonly string[], condition: Condition = {}): Promise<readonly Deletion[]> {
    const at = this.#options.now();
    return this.#database.write((file) => deleteThose(file, counters, condition, at));
  }

  async list({ prefix = '', search, after, limit }: ListQuery): Promise<Page> {
    return this.#database.read((file) => {
      const end = `${prefix}${AFTER_ALL_NAMES}`;
      // Without a search every name is a match.
      const last = search === '' ? undefined : file.lastLookedAt.get(after, prefix, end)?.name;
      const rows = file.list.all(after, search, limit, prefix, last ?? end);
      const counters = rows.map((row) => descriptionOf(row, this.#database.place));
      return { counters, next: counters.length < limit ? last : counters.at(-1)?.counter };
    });
  }

  async size(): Promise<number> {
    return this.#database.read((file) => file.size.get()?.counters ?? 0);
  }
}

function createOne(
  file: SqliteFile,
  counter: string,
  { total, madeAt, owner, rules, ...label }: Draft,
  countersMax: number,
): TransactionResult<'created' | 'exists' | 'counters-full'> {
  const before = file.describe.get(counter);
  if (before) return { answer: before.owner === owner ? 'created' : 'exists', changed: false };
  if ((file.size.get()?.counters ?? 0) >= countersMax)
    return { answer: 'counters-full', changed: false };
  file.make.run(counter, total, madeAt, owner ?? null, rules ? writeRules(rules) : null);
  writeLabel(file, counter, label);
  return { answer: 'created', changed: true };
}

/** The change of one counter. */
interface Change {
  readonly counter: string;
  readonly changes: CounterChanges;
  readonly condition: Condition;
}

/** Fails with `counter-unreadable`; the caller must then roll the transaction back. */
function changeOne(
  file: SqliteFile,
  { counter, changes, condition }: Change,
  at: number,
  place: string,
): TransactionResult<Description | 'missing' | 'differs'> {
  // The default counter always exists, even before its first hit.
  if (counter === DEFAULT_COUNTER) file.begun.run(counter, at);
  const before = file.describe.get(counter);
  if (!before) return { answer: 'missing', changed: false };
  const { total, owner, rules } = changes;
  const isRepeated = owner !== undefined && owner === before.owner;
  if (!isRepeated && !rowMeets(before, condition)) return { answer: 'differs', changed: false };
  const written = rules ? writeRules(changedRules(readRules(before.rules), rules)) : null;
  file.change.run(counter, total ?? null, owner ?? null, written);
  if (changes.title !== undefined || changes.link !== undefined)
    writeLabel(file, counter, changedLabel(labelOf(before), changes));
  return { answer: descriptionOf(file.describe.get(counter) ?? before, place), changed: true };
}

function deleteThose(
  file: SqliteFile,
  counters: readonly string[],
  condition: Condition,
  at: number,
): TransactionResult<readonly Deletion[]> {
  const answer = counters.map((counter): Deletion => {
    const row = file.describe.get(counter);
    if (row && !rowMeets(row, condition)) return 'differs';
    // Also for a missing counter, so that none of its data is left.
    forgetAll(file, counter, at);
    return row ? 'deleted' : 'missing';
  });
  return { answer, changed: answer.some((outcome) => outcome !== 'differs') };
}

function rowMeets({ total, made_at: madeAt, owner, rules }: Row, condition: Condition): boolean {
  const known = { madeAt: madeAt ?? undefined, owner: owner ?? undefined };
  return meets({ total, ...known, rules: readRules(rules) }, condition);
}

/**
 * Deletes a counter and all its data, in a transaction; `at` is now, in milliseconds since 1970.
 */
export function forgetAll(file: SqliteFile, counter: string, at: number): void {
  file.delete.run(counter);
  file.forgetVisitorsOf.run(Math.floor(at / DAY_MS), counter);
  for (const forget of [
    file.forgetLabel,
    file.forgetHours,
    file.forgetDays,
    file.forgetUniques,
    file.forgetSources,
  ]) {
    forget.run(counter);
  }
}

/** Writes a counter's title and link, in a transaction. */
export function writeLabel(file: SqliteFile, counter: string, { title, link }: Label): void {
  if (title === undefined && link === undefined) file.forgetLabel.run(counter);
  else file.setLabel.run(counter, title ?? null, link ?? null);
}

function labelOf({ title, link }: Row): Label {
  return { title: title ?? undefined, link: link ?? undefined };
}

/** The counter in a row; `place` is the file. Fails with `counter-unreadable`. */
export function descriptionOf(row: Row, place: string): Description {
  const { name, total, made_at: madeAt, owner, rules } = row;
  return {
    counter: name,
    total: exactTotal(name, total, place),
    madeAt: madeAt ?? undefined,
    owner: owner ?? undefined,
    rules: readRules(rules),
    ...labelOf(row),
  };
}
