/** The registry of counters in memory. */
import {
  type Condition,
  type CounterChanges,
  type Deletion,
  type Description,
  type Draft,
  type ListQuery,
  type Page,
  type Registry,
  RULES,
} from '../../../src/contract/registry.ts';
import { changedLabel } from '../../../src/counter/label.ts';
import { changedRules, meets } from '../../../src/counter/rules.ts';
import { described, forget, type MemoryConnection, type MemoryDatabase } from './database.ts';

/** What a counter is that nobody has made. */
const NEW = { madeAt: undefined, owner: undefined, rules: RULES } as const;

/** The most names that one search looks at, as in the other stores. */
const LOOKED_AT_MAX = 10_000;

export class MemoryRegistry implements Registry {
  readonly #database: MemoryDatabase;

  constructor({ database }: MemoryConnection) {
    this.#database = database;
  }

  async create(
    counter: string,
    { total, madeAt, owner, rules = RULES, title, link }: Draft,
  ): Promise<'created' | 'exists' | 'counters-full'> {
    const { totals, records, countersMax } = this.#database;
    if (totals.has(counter)) {
      const isSame = owner !== undefined && records.get(counter)?.owner === owner;
      return isSame ? 'created' : 'exists';
    }
    if (records.size >= countersMax) return 'counters-full';
    totals.set(counter, total);
    records.set(counter, { madeAt, owner, rules, title, link });
    return 'created';
  }

  async describe(counter: string): Promise<Description | undefined> {
    return described(this.#database, counter);
  }

  async change(
    counter: string,
    changes: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    const { totals, records, now } = this.#database;
    if (!totals.has(counter) && counter !== 'hits') return 'missing';
    const before = described(this.#database, counter) ?? {
      counter,
      total: 0,
      ...NEW,
      madeAt: now(),
    };
    const isRepeated = changes.owner !== undefined && changes.owner === before.owner;
    if (!isRepeated && !meets(before, condition)) return 'differs';
    const { total = before.total, owner = before.owner } = changes;
    const rules = changedRules(before.rules, changes.rules ?? {});
    const label = changedLabel(before, changes);
    totals.set(counter, total);
    records.set(counter, { madeAt: before.madeAt, owner, rules, ...label });
    return { ...before, total, owner, rules, ...label };
  }

  async delete(
    counters: readonly string[],
    condition: Condition = {},
  ): Promise<readonly Deletion[]> {
    return counters.map((counter) => {
      const found = described(this.#database, counter);
      if (found && !meets(found, condition)) return 'differs';
      forget(this.#database, counter);
      return found ? 'deleted' : 'missing';
    });
  }

  async list({ prefix = '', search, after, limit }: ListQuery): Promise<Page> {
    const all = [...this.#database.totals.keys()]
      .filter((name) => name > after && name.startsWith(prefix))
      .toSorted();
    const looked = search === '' ? all : all.slice(0, LOOKED_AT_MAX);
    const names = looked.filter((name) => name.includes(search)).slice(0, limit);
    const last = looked.length < LOOKED_AT_MAX ? undefined : looked.at(-1);
    return {
      counters: names.flatMap((name) => described(this.#database, name) ?? []),
      next: names.length < limit ? last : names.at(-1),
    };
  }

  async size(): Promise<number> {
    return this.#database.records.size;
  }
}
