/** The history of visits in memory. */
import { type CounterHistory, type History, HOUR_MS } from '../../../src/contract/history.ts';
import { folded } from '../../../src/counter/folding.ts';
import type { MemoryConnection, MemoryDatabase } from './database.ts';

export class MemoryHistory implements History {
  readonly visitorsError = 0;
  readonly #database: MemoryDatabase;

  constructor({ database }: MemoryConnection) {
    this.#database = database;
  }

  async read(counter: string): Promise<CounterHistory> {
    return historyOf(this.#database, counter);
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
  for (const [day, known] of visitors ?? []) counts.set(day, (counts.get(day) ?? 0) + known.size);
  const past = {
    hours: [...(hours?.values() ?? [])],
    days: [...(days?.values() ?? [])],
    visitors: counts,
  };
  return folded(past, Math.floor(now() / HOUR_MS));
}
