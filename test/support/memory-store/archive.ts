/** Exports from memory, and imports into it. */
import type {
  Archive,
  ArchivedCounter,
  ImportOutcome,
  ImportTerms,
} from '../../../src/contract/archive.ts';
import { HOUR_MS } from '../../../src/contract/history.ts';
import { folded } from '../../../src/counter/folding.ts';
import {
  addTo,
  described,
  forget,
  type MemoryConnection,
  type MemoryDatabase,
  pastOf,
  within,
} from './database.ts';
import { historyOf } from './history.ts';

export class MemoryArchive implements Archive {
  readonly #database: MemoryDatabase;

  constructor({ database }: MemoryConnection) {
    this.#database = database;
  }

  async *readAll(after = ''): AsyncGenerator<ArchivedCounter> {
    const names = [...this.#database.totals.keys()].filter((name) => name > after);
    // All at once: they are of one moment.
    const all = names.toSorted().flatMap((counter) => {
      const found = described(this.#database, counter);
      return found ? [{ ...found, past: historyOf(this.#database, counter) }] : [];
    });
    yield* all;
  }

  async importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return counters.map((archived) => {
      const outcome = this.#preview(archived, terms);
      if (outcome === 'replaced') forget(this.#database, archived.counter);
      if (outcome === 'made' || outcome === 'replaced' || outcome === 'added')
        this.#add(archived, terms);
      return outcome;
    });
  }

  async previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return counters.map((archived) => this.#preview(archived, terms));
  }

  #preview(
    { counter, total, past }: ArchivedCounter,
    { source, existing }: ImportTerms,
  ): ImportOutcome {
    const { totals, records, countersMax, sources, pasts } = this.#database;
    const before = totals.get(counter);
    if (before === undefined) {
      return counter !== 'hits' && records.size >= countersMax ? 'counters-full' : 'made';
    }
    if (sources.get(counter)?.has(source)) return 'done';
    if (existing === 'keep') return 'kept';
    if (existing === 'replace') return 'replaced';
    const hours = pasts.get(counter)?.hours;
    const fits = past.hours.every(({ at, kind, amount }) =>
      Number.isSafeInteger((hours?.get(`${at} ${kind}`)?.amount ?? 0) + amount),
    );
    const { visitors } = historyOf(this.#database, counter);
    const visitorsFit = [...past.visitors].every(([day, more]) =>
      Number.isSafeInteger((visitors.get(day) ?? 0) + more),
    );
    return fits && visitorsFit && Number.isSafeInteger(before + total) ? 'added' : 'out-of-range';
  }

  #add(
    { counter, total, madeAt, owner, rules, title, link, past }: ArchivedCounter,
    { source }: ImportTerms,
  ): void {
    const { totals, records, sources, now } = this.#database;
    if (!totals.has(counter)) records.set(counter, { madeAt, owner, rules, title, link });
    totals.set(counter, (totals.get(counter) ?? 0) + total);
    sources.set(counter, (sources.get(counter) ?? new Set()).add(source));
    const own = pastOf(this.#database, counter);
    const { hours, days, visitors } = folded(past, Math.floor(now() / HOUR_MS));
    for (const { at, kind, amount } of hours) addTo(own.hours, at, kind, amount);
    for (const { at, kind, amount } of days) addTo(own.days, at, kind, amount);
    for (const [day, count] of visitors)
      own.brought.set(day, within((own.brought.get(day) ?? 0) + count));
  }
}
