/** Counting in memory, with the faults that a test requests. */
import {
  type Batch,
  type Change,
  type Counting,
  KEY_MEMORY_MS,
  type Outcome,
} from '../../../src/contract/counting.ts';
import { HOUR_MS, KINDS } from '../../../src/contract/history.ts';
import { RULES } from '../../../src/contract/registry.ts';
import { AppError } from '../../../src/counter/errors.ts';
import { WINDOW_MAX_MS, withinWindow } from '../../../src/counter/rules.ts';
import { addTo, type MemoryConnection, type MemoryDatabase, pastOf } from './database.ts';

/** What to do with the next batch: apply it, lose it before or after applying it, refuse it, fail
 * as a bug does, or hold it until released. */
export type Step =
  | 'apply'
  | 'bug'
  | 'lose-before'
  | 'lose-after'
  | 'refuse'
  | 'forget-writers'
  | Promise<unknown>;

export class MemoryCounting implements Counting {
  readonly short = false;
  /** Every batch that was asked for, in order: the proof of what the counter does. */
  readonly asked: Batch[] = [];
  /** The batches that were certainly not applied, as "writer sequence". */
  readonly refused = new Set<string>();
  /** What to do with the batches to come; then `apply`. */
  readonly steps: Step[] = [];
  readonly #connection: MemoryConnection;
  readonly #database: MemoryDatabase;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
    this.#database = connection.database;
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    this.#connection.refuseIfClosed();
    this.asked.push(batch);
    const step = this.steps.shift() ?? 'apply';
    if (typeof step !== 'string') await step;
    if (step === 'refuse') this.refused.add(`${batch.writer} ${batch.sequence}`);
    if (step === 'refuse') throw new AppError('store-unavailable', 'refused by the test');
    if (step === 'bug') throw new TypeError('a bug, made by the test');
    if (step === 'lose-before')
      throw new AppError('hit-unconfirmed', 'lost before it was applied');
    if (step === 'forget-writers') this.forgetWriters();
    const outcomes = this.#apply(batch);
    if (step === 'lose-after') throw new AppError('hit-unconfirmed', 'lost after it was applied');
    return outcomes;
  }

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    const { totals, records } = this.#database;
    return counters.map((counter) =>
      records.get(counter)?.rules.private ? undefined : totals.get(counter),
    );
  }

  async ping(): Promise<void> {
    this.#connection.refuseIfClosed();
  }

  /** Forgets all writers, as a store may do with those that were silent for long. */
  forgetWriters(): void {
    this.#database.writers.clear();
  }

  #apply({ writer, sequence, changes }: Batch): Outcome[] {
    const kept = this.#database.writers.get(writer);
    if (kept?.sequence === sequence) return kept.outcomes;
    if ((kept?.sequence ?? 0) !== sequence - 1)
      throw new AppError('sequence-mismatch', 'not the next batch');
    const outcomes = changes.map((change) => this.#add(change));
    this.#database.writers.set(writer, { sequence, outcomes });
    return outcomes;
  }

  #add(change: Change): Outcome {
    const { counter, once } = change;
    const { totals, keys, keysMax, records, countersMax, hitsMake } = this.#database;
    const { private: hidden, windowMs } = records.get(counter)?.rules ?? RULES;
    const outcome = (total: number, counted?: boolean[]) =>
      hidden || counted ? { total, private: hidden, counted } : total;
    const known = once && keys.get(once.key);
    if (known) return known.request === once.request ? outcome(known.total) : 'key-reused';
    if (once && this.#keysKept() >= keysMax) return 'keys-full';
    if (!totals.has(counter) && counter !== 'hits') {
      if (!hitsMake || change.make === false) return 'missing';
      if (records.size >= countersMax) return 'counters-full';
    }
    const counted = windowMs > 0 ? this.#firstVisits(change, windowMs) : undefined;
    const left = counted ? { ...change, ...withinWindow(change, counted) } : change;
    const total = (totals.get(counter) ?? 0) + left.amount;
    if (!Number.isSafeInteger(total)) return 'out-of-range';
    totals.set(counter, total);
    if (!records.has(counter))
      records.set(counter, { madeAt: Date.now(), owner: undefined, rules: RULES });
    this.#remember(left);
    change.visitors?.forEach(({ id }, index) => {
      if (counted?.[index]) this.#noteCounted(counter, id);
    });
    if (once) keys.set(once.key, { request: once.request, total, madeAt: this.#database.now() });
    return outcome(total, counted);
  }

  /** How many keys are kept whose time is not over. */
  #keysKept(): number {
    const { keys, now } = this.#database;
    return [...keys.values()].filter(({ madeAt }) => Math.abs(now() - madeAt) <= KEY_MEMORY_MS)
      .length;
  }

  #noteCounted(counter: string, id: string): void {
    const { counted, visitorsMax, now } = this.#database;
    for (const [visit, at] of counted)
      if (Math.abs(now() - at) >= WINDOW_MAX_MS) counted.delete(visit);
    const ofCounter = [...counted.keys()].filter((visit) =>
      visit.startsWith(`${counter} `),
    ).length;
    const room = counted.size < visitorsMax && ofCounter < Math.ceil(visitorsMax / 4);
    if (room || counted.has(`${counter} ${id}`)) counted.set(`${counter} ${id}`, now());
  }

  #firstVisits({ counter, visitors = [] }: Change, windowMs: number): boolean[] {
    const { counted, now } = this.#database;
    return visitors.map(({ id, visits }) => {
      const before = counted.get(`${counter} ${id}`) ?? Number.NEGATIVE_INFINITY;
      return visits > 0 && Math.abs(now() - before) >= windowMs;
    });
  }

  #remember({ counter, amount, kinds = { program: amount }, visitors = [] }: Change): void {
    const past = pastOf(this.#database, counter);
    const hour = Math.floor(this.#database.now() / HOUR_MS);
    for (const kind of KINDS) if (kinds[kind]) addTo(past.hours, hour, kind, kinds[kind]);
    const day = Math.floor(hour / 24);
    const known = past.visitors.get(day) ?? new Set();
    for (const { id } of visitors) known.add(id);
    if (known.size > 0) past.visitors.set(day, known);
  }
}
