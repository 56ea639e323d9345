/** The history of visits in memory. */
import { type CounterHistory, type History, HOUR_MS } from '../../../src/contract/history.ts';
import { folded } from '../../../src/counter/folding.ts';
import { type MemoryConnection, type MemoryDatabase, within } from './database.ts';

export class MemoryHistory implements History {
  readonly visitorsError = 0;
  readonly #database: MemoryDatabase;

  constructor({ database }: MemoryConnection) {
    this.#database = database;
  }

  async read(counter: string): Promise<CounterHistory> {
    return historyOf(this.#database, counter);
  }

  async recent(
    counters: readonly string[],
    firstDay: number,
    lastDay: number,
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    return counters.map((counter) => {
      const { hours, days } = historyOf(this.#database, counter);
      const sums = new Map<number, number>();
      const all = [...days, ...hours.map((hour) => ({ ...hour, at: Math.floor(hour.at / 24) }))];
      for (const { at, amount } of all) {
        if (at >= firstDay && at <= lastDay) sums.set(at, within((sums.get(at) ?? 0) + amount));
      }
      return sums;
    });
  }

  async readVisitors(counter: string): Promise<CounterHistory['visitors']> {
    return (await this.read(counter)).visitors;
  }

  async salt(day: number, suggested: string): Promise<string> {
    const { salts } = this.#database;
    if (!salts.has(day)) salts.set(day, suggested);
    return salts.get(day) ?? suggested;
  }
}

export function historyOf({ pasts, now }: MemoryDatabase, counter: string): CounterHistory {
  const { hours, days, visitors, brought } = pasts.get(counter) ?? {};
  const counts = new Map(brought);
  for (const [day, known] of visitors ?? [])
    counts.set(day, within((counts.get(day) ?? 0) + known.size));
  const past = {
    hours: [...(hours?.values() ?? [])],
    days: [...(days?.values() ?? [])],
    visitors: counts,
  };
  return folded(past, Math.floor(now() / HOUR_MS));
}
