/**
 * Reads the history of visits from PostgreSQL, and stores the salts of days.
 *
 * Not here: writing the history, which happens in the commit of the hits (`sql/history.sql`).
 */
import { type CounterHistory, type History, HOUR_MS } from '../../contract/history.ts';
import { folded } from '../../counter/folding.ts';
import type { PartOptions } from '../part-options.ts';
import type { PostgresDatabase } from './connection.ts';
import { historyIn, type PastRow } from './rows.ts';

export class PostgresHistory implements History {
  /** Each visitor is remembered for the day. */
  readonly visitorsError = 0;
  readonly #database: PostgresDatabase;
  readonly #now: PartOptions['now'];

  constructor(database: PostgresDatabase, now: PartOptions['now']) {
    this.#database = database;
    this.#now = now;
  }

  async read(counter: string): Promise<CounterHistory> {
    const past = await this.#database.call<PastRow>(
      'reads',
      'read_history',
      { counter },
      'store-unavailable',
    );
    // Commits fold a little at a time.
    return folded(historyIn(past), Math.floor(this.#now() / HOUR_MS));
  }

  async recent(
    counters: readonly string[],
    firstDay: number,
    lastDay: number,
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    const all = await this.#database.call<readonly (readonly [day: number, visits: number][])[]>(
      'reads',
      'read_recent',
      { counters, firstDay, lastDay },
      'store-unavailable',
    );
    return all.map((days) => new Map(days));
  }

  async readVisitors(counter: string): Promise<CounterHistory['visitors']> {
    const visitors = await this.#database.call<PastRow['visitors']>(
      'reads',
      'read_visitors',
      { counter },
      'store-unavailable',
    );
    return new Map(visitors);
  }

  salt(day: number, suggested: string): Promise<string> {
    return this.#database.call('changes', 'salt', { day, suggested }, 'hit-unconfirmed');
  }
}
