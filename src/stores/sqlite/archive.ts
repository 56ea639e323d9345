/**
 * Exports from a SQLite file and imports into it. An export is one read-only transaction, and sees
 * the file as it was at its beginning.
 *
 * Not here: connections and transactions (`database.ts`), and copies of the whole file
 * (`backup.ts`).
 */
import { Database } from 'bun:sqlite';
import type {
  Archive,
  ArchivedCounter,
  ImportOutcome,
  ImportTerms,
} from '../../contract/archive.ts';
import { type HistoryEntry, HOUR_MS } from '../../contract/history.ts';
import type { Description } from '../../contract/registry.ts';
import { AppError } from '../../counter/errors.ts';
import { folded } from '../../counter/folding.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { storedRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import { inOurWords } from './advice.ts';
import { AFTER_ALL_NAMES, type Row } from './counter-statements.ts';
import type { SqliteDatabase, TransactionResult } from './database.ts';
import type { SqliteFile } from './file.ts';
import { visitorsIn } from './history.ts';
import { descriptionOf, forgetAll, writeLabel } from './registry.ts';
import { prepare } from './statements.ts';

/** The number of counters read before the event loop runs other work. */
const AT_ONCE = 500;
/**
 * How long one read waits for a process that has the file to itself, because it recovers or closes
 * it. The visits of this process wait, too.
 */
const WAIT_MS = 1000;

export class SqliteArchive implements Archive {
  readonly #database: SqliteDatabase;
  readonly #options: PartOptions;

  constructor(database: SqliteDatabase, options: PartOptions) {
    this.#database = database;
    this.#options = options;
  }

  async *readAll(after = ''): AsyncGenerator<ArchivedCounter> {
    // Checks the file and its schema.
    this.#database.read((file) => file.size.get());
    const { place: path } = this.#database;
    let database: Database | undefined;
    try {
      // Writing goes on meanwhile on the other connection (https://www.sqlite.org/wal.html).
      database = new Database(path, { readonly: true, strict: true });
      database.run(`PRAGMA busy_timeout = ${WAIT_MS}`);
      yield* readAllOf(database, after, (row) => descriptionOf(row, path));
    } catch (error) {
      throw inOurWords(error, path);
    } finally {
      database?.close();
    }
  }

  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    const { countersMax, now } = this.#options;
    return this.#database.write((file) => importInto(file, counters, terms, countersMax, now()));
  }

  async previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return this.#database.read((file) =>
      counters.map((counter) => previewOne(file, counter, terms, this.#options.countersMax)),
    );
  }
}

/** All counters after that name, read on a separate connection, as of one moment. */
async function* readAllOf(
  database: Database,
  name: string,
  describe: (row: Row) => Description,
): AsyncGenerator<ArchivedCounter> {
  const file = prepare(database);
  database.run('BEGIN');
  // The first read fixes the moment.
  file.size.get();
  let after = name;
  for (;;) {
    const rows = file.list.all(after, '', AT_ONCE, '', AFTER_ALL_NAMES);
    for (const row of rows) {
      const past = {
        hours: file.hours.all(row.name).map(exact),
        days: file.days.all(row.name).map(exact),
        visitors: visitorsIn(file.uniques.all(row.name)),
      };
      yield { ...describe(row), past };
    }
    const last = rows.at(-1);
    if (!last || rows.length < AT_ONCE) return;
    after = last.name;
    // eslint-disable-next-line no-await-in-loop -- the others' turn
    await Bun.sleep(0);
  }
}

/** Fails with `counter-unreadable` when a number cannot carry a figure of the history. */
function exact(added: HistoryEntry): HistoryEntry {
  if (Number.isSafeInteger(added.amount)) return added;
  throw new AppError(
    'counter-unreadable',
    `A figure of the history of a counter is past ${Number.MAX_SAFE_INTEGER}: ${added.amount}. Delete that counter, or mend its history.`,
  );
}

/** Imports the counters, in a transaction. */
function importInto(
  file: SqliteFile,
  counters: readonly ArchivedCounter[],
  terms: ImportTerms,
  countersMax: number,
  at: number,
): TransactionResult<readonly ImportOutcome[]> {
  const answer = counters.map((counter) => {
    const outcome = previewOne(file, counter, terms, countersMax);
    if (outcome === 'replaced') forgetAll(file, counter.counter, at);
    if (outcome === 'made' || outcome === 'replaced') place(file, counter);
    if (outcome === 'added') file.add.get(counter.counter, counter.total, at);
    if (outcome === 'made' || outcome === 'replaced' || outcome === 'added') {
      addPast(file, counter, at);
      file.markSource.run(counter.counter, terms.source);
    }
    return outcome;
  });
  return { answer, changed: answer.some((outcome) => /^(made|replaced|added)$/.test(outcome)) };
}

/** The outcome of importing the counter. */
function previewOne(
  file: SqliteFile,
  { counter, total, past }: ArchivedCounter,
  { source, existing }: ImportTerms,
  countersMax: number,
): ImportOutcome {
  const before = file.read.get(counter)?.total;
  if (before === undefined) {
    const full = counter !== DEFAULT_COUNTER && (file.size.get()?.counters ?? 0) >= countersMax;
    return full ? 'counters-full' : 'made';
  }
  if (file.importedFrom.get(counter, source)) return 'done';
  if (existing === 'keep') return 'kept';
  if (existing === 'replace') return 'replaced';
  const visitors = visitorsIn(file.uniques.all(counter));
  const fits =
    Number.isSafeInteger(before + total) &&
    [...past.visitors].every(([day, more]) =>
      Number.isSafeInteger((visitors.get(day) ?? 0) + more),
    ) &&
    addsUp(file.hours.all(counter), past.hours) &&
    addsUp(file.days.all(counter), [...past.days, ...past.hours.map(inDays)]);
  return fits ? 'added' : 'out-of-range';
}

/** Whether all figures stay exact when `more` is added to them. */
function addsUp(figures: readonly HistoryEntry[], more: readonly HistoryEntry[]): boolean {
  const sums = new Map(figures.map(({ at, kind, amount }) => [`${at} ${kind}`, amount]));
  return more.every(({ at, kind, amount }) => {
    const sum = (sums.get(`${at} ${kind}`) ?? 0) + amount;
    sums.set(`${at} ${kind}`, sum);
    return Number.isSafeInteger(sum);
  });
}

function inDays(hour: HistoryEntry): HistoryEntry {
  return { ...hour, at: Math.floor(hour.at / 24) };
}

function place(file: SqliteFile, archived: ArchivedCounter): void {
  const { counter, total, madeAt, owner, rules, title, link } = archived;
  file.place.run(counter, total, madeAt ?? null, owner ?? null, storedRules(rules) ?? null);
  writeLabel(file, counter, { title, link });
}

function addPast(file: SqliteFile, { counter, past }: ArchivedCounter, at: number): void {
  const { hours, days, visitors } = folded(past, Math.floor(at / HOUR_MS));
  for (const added of hours) file.addToHour.get(counter, added.at, added.kind, added.amount);
  for (const added of days) file.addToDay.run(counter, added.at, added.kind, added.amount);
  for (const [day, count] of visitors) file.addToUniques.run(counter, day, count);
}
