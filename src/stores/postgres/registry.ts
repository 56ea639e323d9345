/**
 * Creates, changes, lists and deletes counters in PostgreSQL, and knows their owners
 * (`sql/registry.sql`).
 */
import type {
  Condition,
  CounterChanges,
  Deletion,
  Description,
  Draft,
  ListQuery,
  Page,
  Registry,
} from '../../contract/registry.ts';
import { writeRuleChanges, writeRules } from '../../counter/rules.ts';
import type { PartOptions } from '../part-options.ts';
import type { PostgresDatabase } from './connection.ts';
import { descriptionOf, type Row } from './rows.ts';

export class PostgresRegistry implements Registry {
  readonly #database: PostgresDatabase;
  readonly #options: PartOptions;

  constructor(database: PostgresDatabase, options: PartOptions) {
    this.#database = database;
    this.#options = options;
  }

  create(
    counter: string,
    { rules, ...draft }: Draft,
  ): Promise<'created' | 'exists' | 'counters-full'> {
    return this.#change('create_counter', {
      counter,
      ...draft,
      rules: rules && writeRules(rules),
      countersMax: this.#options.countersMax,
    });
  }

  async change(
    counter: string,
    { rules, ...changes }: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    const changed = await this.#change<Row | 'missing' | 'differs'>('change_counter', {
      counter,
      condition,
      now: this.#options.now(),
      ...changes,
      rules: rules && writeRuleChanges(rules),
    });
    return typeof changed === 'string' ? changed : descriptionOf(changed, this.#database.place);
  }

  delete(counters: readonly string[], condition: Condition = {}): Promise<readonly Deletion[]> {
    return this.#change('delete_counters', { counters, condition, now: this.#options.now() });
  }

  async describe(counter: string): Promise<Description | undefined> {
    const row = await this.#read<Row | null>('describe_counter', { counter });
    return row ? descriptionOf(row, this.#database.place) : undefined;
  }

  async list({ prefix = '', search, after, limit }: ListQuery): Promise<Page> {
    const { counters, next } = await this.#read<{ counters: Row[]; next: string | null }>(
      'list_counters',
      {
        prefix: storable(prefix),
        search: storable(search),
        // NUL sorts before all others, and no name has it: what follows it selects nothing.
        after: storable(after.split('\0', 1)[0] ?? ''),
        limit,
      },
    );
    return {
      counters: counters.map((row) => descriptionOf(row, this.#database.place)),
      next: next ?? undefined,
    };
  }

  size(): Promise<number> {
    return this.#read('count_counters', {});
  }

  #change<T>(name: string, args: object): Promise<T> {
    return this.#database.call('changes', name, args, 'hit-unconfirmed');
  }

  #read<T>(name: string, args: object): Promise<T> {
    return this.#database.call('reads', name, args, 'store-unavailable');
  }
}

/**
 * Text of a client as PostgreSQL takes it: its JSON has neither NUL nor half a surrogate pair. No
 * name has either, nor what stands in their place here. All other text that the store gets is a
 * valid name, a hash or a word of Seen's own.
 */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{FFFD}');
}
