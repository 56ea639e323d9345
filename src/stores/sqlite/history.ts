/**
 * Reads the history of visits from a SQLite file, and stores the salts of days.
 *
 * Not here: writing the history, which happens in the commit of the hits (`changes.ts`).
 */
import { type CounterHistory, type History, HOUR_MS } from '../../contract/history.ts';
import { folded } from '../../counter/folding.ts';
import type { PartOptions } from '../part-options.ts';
import type { SqliteDatabase } from './database.ts';

export class SqliteHistory implements History {
  /** Each visitor is remembered for the day. */
  readonly visitorsError = 0;
  readonly #database: SqliteDatabase;
  readonly #now: PartOptions['now'];

  constructor(database: SqliteDatabase, now: PartOptions['now']) {
    this.#database = database;
    this.#now = now;
  }

  async read(counter: string): Promise<CounterHistory> {
    const history = this.#database.read((file) => ({
      hours: file.hours.all(counter),
      days: file.days.all(counter),
      visitors: new Map(file.uniques.all(counter).map(({ day, visitors }) => [day, visitors])),
    }));
    // Commits fold a little at a time.
    return folded(history, Math.floor(this.#now() / HOUR_MS));
  }

  async recent(
    counters: readonly string[],
    firstDay: number,
    lastDay: number,
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    return this.#database.read((file) =>
      counters.map((counter) => {
        const days = file.recent.all(counter, firstDay, lastDay);
        return new Map(days.map(({ day, visits }) => [day, visits]));
      }),
    );
  }

  salt(day: number, suggested: string): Promise<string> {
    return this.#database.write((file) => {
      file.suggestSalt.run(day, suggested);
      file.forgetSalts.run(day - 1);
      return { answer: file.salt.get(day)?.salt ?? suggested, changed: true };
    });
  }
}
