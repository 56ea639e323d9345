/**
 * Exports from PostgreSQL, page by page, and imports into it (`sql/archive.sql`).
 *
 * An export is not one long transaction: that would keep PostgreSQL from removing old versions of
 * the rows that visits change meanwhile, and slow them down
 * (https://www.postgresql.org/docs/15/routine-vacuuming.html).
 */
import type {
  Archive,
  ArchivedCounter,
  ImportOutcome,
  ImportTerms,
} from '../../contract/archive.ts';
import { storedRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import type { PostgresDatabase } from './connection.ts';
import { descriptionOf, historyIn, type PastRow, pastOf, type Row } from './rows.ts';

/** The number of counters on a page: with ten years of history some megabytes. */
const PAGE = 50;

export class PostgresArchive implements Archive {
  readonly #database: PostgresDatabase;
  readonly #options: PartOptions;

  constructor(database: PostgresDatabase, options: PartOptions) {
    this.#database = database;
    this.#options = options;
  }

  async *readAll(name = ''): AsyncGenerator<ArchivedCounter> {
    let after = name;
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const page = await this.#database.call<readonly (Row & { past: PastRow })[]>(
        'reads',
        'read_page',
        { after, limit: PAGE },
        'store-unavailable',
      );
      for (const { past, ...row } of page) {
        yield { ...descriptionOf(row, this.#database.place), past: historyIn(past) };
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE) return;
      after = last.counter;
    }
  }

  importAll(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    const args = this.#argumentsOf(counters, terms);
    return this.#database.call('changes', 'import_counters', args, 'hit-unconfirmed');
  }

  previewImport(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    const args = this.#argumentsOf(counters, terms);
    return this.#database.call('reads', 'preview_import', args, 'store-unavailable');
  }

  #argumentsOf(counters: readonly ArchivedCounter[], terms: ImportTerms) {
    const { countersMax, now } = this.#options;
    return { ...terms, countersMax, now: now(), counters: counters.map(plainCounter) };
  }
}

function plainCounter({ rules, past, ...counter }: ArchivedCounter) {
  return { ...counter, rules: storedRules(rules), past: pastOf(past) };
}
