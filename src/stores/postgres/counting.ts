/**
 * Counting in PostgreSQL. One batch is one call of one function (`sql/commit.sql`), which
 * recognises repeated batches. This file builds its arguments, which the function's first lines
 * describe.
 *
 * Not here: retrying a batch, which the counter decides.
 */
import {
  type Batch,
  type Change,
  type Counting,
  KEY_MEMORY_MS,
  type Outcome,
} from '../../contract/counting.ts';
import { uncounted } from '../../counter/errors.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { exactTotal } from '../exact-total.ts';
import type { ServerPartOptions } from '../server.ts';
import type { PostgresDatabase } from './connection.ts';

export class PostgresCounting implements Counting {
  /** PostgreSQL does not tell how much disk it has left (docs/capacity.md). */
  readonly short = false;
  readonly #database: PostgresDatabase;
  readonly #options: ServerPartOptions;

  constructor(database: PostgresDatabase, options: ServerPartOptions) {
    this.#database = database;
    this.#options = options;
  }

  commit({ writer, sequence, changes }: Batch): Promise<readonly Outcome[]> {
    const { keysMax, visitorsMax, countersMax, hitsMake } = this.#options;
    const args = {
      ...this.#clocks(),
      writer,
      sequence,
      keyMs: KEY_MEMORY_MS,
      keysMax,
      visitorsMax,
      countersMax,
      hitsMake,
      creatable: creatableIn(changes, hitsMake),
      ...plainChanges(changes),
    };
    return this.#database.call('commits', 'commit', args, 'hit-unconfirmed');
  }

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const totals = await this.#database.call<readonly (number | null)[]>(
      'reads',
      'read_totals',
      { counters },
      'store-unavailable',
    );
    return totals.map((total, index) =>
      total === null ? undefined : exactTotal(counters[index] ?? '', total, this.#database.place),
    );
  }

  async ping(): Promise<void> {
    const done = this.#database.call('commits', 'ping', this.#clocks(), 'hit-unconfirmed');
    await done.catch((error: unknown) => {
      throw uncounted(error);
    });
  }

  #clocks(): { readonly now: number; readonly clocksDifferMaxMs: number } {
    const { now, clocksDifferMaxMs = 0 } = this.#options;
    return { now: now(), clocksDifferMaxMs };
  }
}

/** The names of the counters that changes may create. */
function creatableIn(changes: readonly Change[], hitsMake: boolean): string[] {
  const may = changes.filter(
    ({ counter, make = true }) => counter === DEFAULT_COUNTER || (hitsMake && make),
  );
  return [...new Set(may.map(({ counter }) => counter))];
}

/** Changes as `sql/commit.sql` takes them. */
function plainChanges(changes: readonly Change[]) {
  const counters = new Map<string, number>();
  const keys = new Map<string, number>();
  const plain = changes.map(({ counter, amount, once, make, kinds, visitors = [] }) => ({
    counter: placeIn(counters, counter),
    amount,
    make,
    key: once && placeIn(keys, once.key),
    request: once?.request,
    kinds: kinds ?? { program: amount },
    ids: visitors.map(({ id }) => id),
    visitorKinds: visitors.map(({ kind }) => kind),
    visits: visitors.map(({ visits }) => visits),
  }));
  return { counters: [...counters.keys()], keys: [...keys.keys()], changes: plain };
}

/** The place of `text` in the order in which texts were asked for, from 1 as in SQL. */
function placeIn(places: Map<string, number>, text: string): number {
  const place = places.get(text) ?? places.size + 1;
  places.set(text, place);
  return place;
}
