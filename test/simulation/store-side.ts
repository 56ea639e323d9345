/**
 * The store's end of the network: the model and, if there is one, a real store.
 *
 * Each message goes to both, and their results are compared at once.
 */

import type { Batch, Outcome } from '../../src/contract/counting.ts';
import { type Registry, RULES } from '../../src/contract/registry.ts';
import { AppError, isAppError } from '../../src/counter/errors.ts';
import type { Database } from './database.ts';
import type { Group } from './hit.ts';
import type { Journal } from './journal.ts';
import type { Model, State } from './model.ts';
import { must } from './violation.ts';

/** A batch that arrives. */
export interface Delivery {
  readonly batch: Batch;
  readonly groups: readonly Group[];
  /** The number of who sent it, and what their clock said then. */
  readonly replica: number;
  readonly at: number;
  /** Which command of the store fails, if it comes that far; 0 for none. */
  readonly failing: number;
}

export type Answer = readonly Outcome[] | AppError;

export class StoreSide {
  /**
   * How often something stored was lost or forgotten: only after that may a batch be out of order.
   */
  losses = 0;
  readonly model: Model;
  readonly #database: Database | undefined;
  readonly #journal: Journal;
  readonly #writers = new Set<string>();
  #copy: State | undefined;

  constructor(model: Model, database: Database | undefined, journal: Journal) {
    this.model = model;
    this.#database = database;
    this.#journal = journal;
  }

  /**
   * Has a batch applied, and calls `answer`; at once without a real store, so that no time is
   * lost.
   */
  deliver(delivery: Delivery, answer: (answer: Answer) => void): Promise<void> | undefined {
    const { batch, groups, at, failing } = delivery;
    this.#writers.add(batch.writer);
    const say = (said: Answer) => {
      const fails = failing > 0 ? `, of which command ${failing} fails` : '';
      const what = said instanceof AppError ? said.code : textOf(said);
      this.#journal.say(() => `${JSON.stringify(batch)} at ${at}${fails}: ${what}`);
      answer(said);
    };
    if (this.#database) return this.#compareBatch(this.#database, delivery).then(say);
    if (failing > 0) {
      this.#journal.count('failed');
      say(new AppError('store-unavailable', 'a command fails'));
    } else say(this.#orMismatch(this.model.apply(batch, groups, at)));
    return undefined;
  }

  async #compareBatch(database: Database, delivery: Delivery): Promise<Answer> {
    const { batch, groups, replica, at, failing } = delivery;
    const told = await database
      .commit(batch, at, replica, failing)
      .catch((error: unknown) => (isAppError(error) ? error : Promise.reject(error)));
    if (!(told instanceof AppError)) {
      return this.#same(batch, textOf(told), this.model.apply(batch, groups, at, told));
    }
    if (told.code === 'sequence-mismatch') {
      return this.#same(batch, told.code, this.model.apply(batch, groups, at));
    }
    must(
      failing > 0,
      () => `${batch.writer} ${batch.sequence}: the store fails: ${told.code}: ${told.message}`,
    );
    this.#journal.count('failed');
    if (told.code === 'hit-unconfirmed' && database.applied) this.model.apply(batch, groups, at);
    else this.model.failed(groups, at);
    return told;
  }

  #same(batch: Batch, got: string, outcomes: readonly Outcome[] | 'sequence-mismatch'): Answer {
    const expected = outcomes === 'sequence-mismatch' ? outcomes : textOf(outcomes);
    must(
      got === expected,
      () =>
        `${batch.writer} ${batch.sequence}: the store answers ${got}, not ${expected}: ${JSON.stringify(batch)}`,
    );
    return this.#orMismatch(outcomes);
  }

  #orMismatch(outcomes: readonly Outcome[] | 'sequence-mismatch'): Answer {
    if (outcomes !== 'sequence-mismatch') return outcomes;
    this.#journal.count('out of order');
    return new AppError('sequence-mismatch', 'not the next batch');
  }

  async make(
    name: string,
    total: number,
    owner: string,
    windowMs: number,
    hidden: boolean,
    at: number,
  ) {
    const expected = this.model.make(name, total, owner, windowMs, hidden);
    const rules = { ...RULES, windowMs, private: hidden };
    await this.#compare(`make ${name}`, expected, (database) =>
      database.at(at).registry.create(name, { total, madeAt: at, owner, rules }),
    );
    return expected;
  }

  async set(name: string, total: number, at: number): Promise<void> {
    const expected = this.model.set(name, total);
    await this.#compare(`set ${name}`, expected, (database) =>
      isThere(database.at(at).registry.change(name, { total })),
    );
  }

  async rule(name: string, windowMs: number, hidden: boolean, at: number): Promise<void> {
    const expected = this.model.rule(name, windowMs, hidden);
    const rules = { ...RULES, windowMs, private: hidden };
    await this.#compare(`rule ${name}`, expected, (database) =>
      isThere(database.at(at).registry.change(name, { rules })),
    );
  }

  async delete(name: string, at: number): Promise<void> {
    this.model.delete(name);
    await this.#compare(`delete ${name}`, undefined, async (database) => {
      await database.at(at).registry.delete([name]);
    });
  }

  /** To be called when all writers were silent for a day. */
  async forgetWriters(at: number): Promise<void> {
    this.#lose('writers forgotten');
    this.model.forgetWriters();
    await this.#database?.forgetWriters([...this.#writers], at);
  }

  /** Keeps a copy, for one `setBack`. */
  async backUp(): Promise<void> {
    this.#copy = this.model.copy();
    await this.#database?.backUp();
  }

  async setBack(): Promise<void> {
    if (!this.#copy) return;
    this.#lose('set back');
    this.model.setBack(this.#copy);
    this.#copy = undefined;
    await this.#database?.setBack();
  }

  async empty(): Promise<void> {
    this.#lose('emptied');
    this.model.setBack();
    await this.#database?.empty();
  }

  #lose(how: string): void {
    this.losses++;
    this.#journal.count(how);
  }

  async #compare<T>(
    what: string,
    expected: T,
    ask: (database: Database) => Promise<T>,
  ): Promise<void> {
    this.#journal.say(() => `${what}: ${String(expected)}`);
    if (!this.#database) return;
    const got = await ask(this.#database);
    must(got === expected, `${what}: the store answers ${String(got)}, not ${String(expected)}`);
  }
}

/** Outcomes as a text that is the same for outcomes that mean the same. */
function textOf(outcomes: readonly Outcome[]): string {
  return JSON.stringify(
    outcomes.map((outcome) =>
      typeof outcome === 'object'
        ? [outcome.total, outcome.private, outcome.counted ?? null]
        : outcome,
    ),
  );
}

/** Whether a counter that was changed is there. */
async function isThere(changed: ReturnType<Registry['change']>): Promise<boolean> {
  return (await changed) !== 'missing';
}
