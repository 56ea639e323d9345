/**
 * A store in memory that can be told to wait, fail or hang: for tests of the counter, and run by
 * the contract suite.
 */
import {
  type ArchivedCounter,
  type ImportOutcome,
  type ImportTerms,
} from '../../src/contract/archive.ts';
import {
  type Batch,
  type Change,
  KEY_MEMORY_MS,
  type Outcome,
} from '../../src/contract/counting.ts';
import {
  type CounterHistory,
  type HistoryEntry,
  HOUR_MS,
  KINDS,
  type Kind,
} from '../../src/contract/history.ts';
import { LIMITED_MAX, type LimitRequest, type Verdict } from '../../src/contract/limiter.ts';
import type { StoreLimits } from '../../src/contract/limits.ts';
import {
  type HeardReplica,
  type HeartbeatReport,
  PRESENCE_MEMORY_MS,
} from '../../src/contract/presence.ts';
import {
  type Condition,
  type CounterChanges,
  type Deletion,
  type Description,
  type Draft,
  type ListQuery,
  type Page,
  RULES,
  type Rules,
} from '../../src/contract/registry.ts';
import { type Store } from '../../src/contract/store.ts';
import { AppError } from '../../src/counter/errors.ts';
import { folded } from '../../src/counter/folding.ts';
import { takeOne, verdictOf } from '../../src/counter/rate-limit.ts';
import { changedRules, meets } from '../../src/counter/rules.ts';
import { WINDOW_MAX_MS, withinWindow } from '../../src/counter/window.ts';

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

/** What several memory stores may share. */
export interface MemoryDatabase extends StoreLimits {
  readonly totals: Map<string, number>;
  readonly writers: Map<string, { sequence: number; outcomes: Outcome[] }>;
  readonly keys: Map<string, { request: string; total: number; madeAt: number }>;
  /** By counter; hours and days by "AT KIND". */
  readonly pasts: Map<string, MemoryPast>;
  readonly salts: Map<number, string>;
  /** When a visit counted last, where there is a window, by "COUNTER VISITOR". */
  readonly counted: Map<string, number>;
  /** By limit and visitor: when all is there again, in microseconds since 1970. */
  readonly limits: Map<string, number>;
  readonly replicas: Map<string, HeartbeatReport & { heardAt: number }>;
  /** By counter: the sources that it was brought from. */
  readonly sources: Map<string, Set<string>>;
  readonly now: () => number;
  readonly records: Map<
    string,
    { madeAt: number | undefined; owner: string | undefined; rules: Rules }
  >;
}

/** An empty one. */
export function memoryDatabase(
  limits: Partial<Pick<MemoryDatabase, keyof StoreLimits | 'now'>> = {},
): MemoryDatabase {
  const none = {
    keysMax: Number.POSITIVE_INFINITY,
    visitorsMax: Number.POSITIVE_INFINITY,
    countersMax: Number.POSITIVE_INFINITY,
    hitsMake: true,
    now: Date.now,
  };
  return {
    totals: new Map(),
    writers: new Map(),
    keys: new Map(),
    records: new Map(),
    pasts: new Map(),
    salts: new Map(),
    counted: new Map(),
    replicas: new Map(),
    limits: new Map(),
    sources: new Map(),
    ...none,
    ...limits,
  };
}

/** What a counter is that nobody has made. */
const NEW = { madeAt: undefined, owner: undefined, rules: RULES } as const;

interface MemoryPast {
  readonly hours: Map<string, HistoryEntry>;
  readonly days: Map<string, HistoryEntry>;
  readonly visitors: Map<number, Set<string>>;
  /** How many more visitors days had, brought from elsewhere. */
  readonly brought: Map<number, number>;
}

export class MemoryStore implements Store {
  readonly place = 'memory';
  readonly short = false;
  readonly visitorsError = 0;
  /** Every batch that was asked for, in order: the proof of what the counter does. */
  readonly asked: Batch[] = [];
  /** The batches that were certainly not applied, as "writer sequence". */
  readonly refused = new Set<string>();
  /** What to do with the batches to come; then `apply`. */
  readonly steps: Step[] = [];
  readonly #database: MemoryDatabase;
  #closed = false;

  /** On a database of its own, or on one shared with other stores. */
  constructor(database = memoryDatabase()) {
    this.#database = database;
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    this.#refuseIfClosed();
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

  async make(
    counter: string,
    { total, madeAt, owner, rules = RULES }: Draft,
  ): Promise<'made' | 'exists' | 'counters-full'> {
    const { totals, records, countersMax } = this.#database;
    if (totals.has(counter)) return records.get(counter)?.owner === owner ? 'made' : 'exists';
    if (records.size >= countersMax) return 'counters-full';
    totals.set(counter, total);
    records.set(counter, { madeAt, owner, rules });
    return 'made';
  }

  async describe(counter: string): Promise<Description | undefined> {
    return this.#described(counter);
  }

  #described(counter: string): Description | undefined {
    const total = this.#database.totals.get(counter);
    const record = this.#database.records.get(counter);
    return total === undefined
      ? undefined
      : {
          counter,
          total,
          madeAt: record?.madeAt,
          owner: record?.owner,
          rules: record?.rules ?? RULES,
        };
  }

  async change(
    counter: string,
    changes: CounterChanges,
    condition: Condition = {},
  ): Promise<Description | 'missing' | 'differs'> {
    const { totals, records, now } = this.#database;
    if (!totals.has(counter) && counter !== 'hits') return 'missing';
    const before = this.#described(counter) ?? { counter, total: 0, ...NEW, madeAt: now() };
    if (!meets(before, condition)) return 'differs';
    const { total = before.total, owner = before.owner } = changes;
    const rules = changedRules(before.rules, changes.rules ?? {});
    totals.set(counter, total);
    records.set(counter, { madeAt: before.madeAt, owner, rules });
    return { ...before, total, owner, rules };
  }

  async delete(
    counters: readonly string[],
    condition: Condition = {},
  ): Promise<readonly Deletion[]> {
    return counters.map((counter) => {
      const found = this.#described(counter);
      if (found && !meets(found, condition)) return 'differs';
      this.#forget(counter);
      return found ? 'deleted' : 'missing';
    });
  }

  #forget(counter: string): void {
    this.#database.totals.delete(counter);
    this.#database.records.delete(counter);
    this.#database.pasts.delete(counter);
    for (const visit of this.#database.counted.keys()) {
      if (visit.startsWith(`${counter} `)) this.#database.counted.delete(visit);
    }
    this.#database.sources.delete(counter);
  }

  async *readAll(): AsyncGenerator<ArchivedCounter> {
    const { totals, records } = this.#database;
    const all = [...totals.keys()].toSorted().map((counter): ArchivedCounter => {
      const { madeAt, owner, rules = RULES } = records.get(counter) ?? {};
      return {
        counter,
        total: totals.get(counter) ?? 0,
        madeAt,
        owner,
        rules,
        past: this.#pastOf(counter),
      };
    });
    yield* all;
  }

  async bring(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    const outcomes: ImportOutcome[] = [];
    for (const archived of counters) {
      const [outcome = 'kept'] = await this.foresee([archived], terms);
      outcomes.push(outcome);
      if (outcome === 'replaced') this.#forget(archived.counter);
      if (outcome === 'made' || outcome === 'replaced' || outcome === 'added')
        this.#bring(archived, terms);
    }
    return outcomes;
  }

  async foresee(
    counters: readonly ArchivedCounter[],
    { source, existing }: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    const { totals, records, countersMax, sources, pasts } = this.#database;
    return counters.map(({ counter, total, past }) => {
      const before = totals.get(counter);
      if (before === undefined) {
        return counter !== 'hits' && records.size >= countersMax ? 'counters-full' : 'made';
      }
      if (sources.get(counter)?.has(source)) return 'done';
      if (existing === 'keep') return 'kept';
      if (existing === 'replace') return 'replaced';
      const hours = pasts.get(counter)?.hours;
      const fits = past.hours.every(({ at, kind, amount }) =>
        Number.isSafeInteger((hours?.get(`${at} ${kind}`)?.amount ?? 0) + amount),
      );
      return fits && Number.isSafeInteger(before + total) ? 'added' : 'out-of-range';
    });
  }

  #bring(
    { counter, total, madeAt, owner, rules, past }: ArchivedCounter,
    { source }: ImportTerms,
  ): void {
    const { totals, records, sources, now } = this.#database;
    if (!totals.has(counter)) records.set(counter, { madeAt, owner, rules });
    totals.set(counter, (totals.get(counter) ?? 0) + total);
    sources.set(counter, (sources.get(counter) ?? new Set()).add(source));
    const own = this.#past(counter);
    const { hours, days, visitors } = folded(past, Math.floor(now() / HOUR_MS));
    for (const { at, kind, amount } of hours) addTo(own.hours, at, kind, amount);
    for (const { at, kind, amount } of days) addTo(own.days, at, kind, amount);
    for (const [day, count] of visitors) own.brought.set(day, (own.brought.get(day) ?? 0) + count);
  }

  #past(counter: string): MemoryPast {
    const past = this.#database.pasts.get(counter) ?? {
      hours: new Map(),
      days: new Map(),
      visitors: new Map(),
      brought: new Map(),
    };
    this.#database.pasts.set(counter, past);
    return past;
  }

  async list({ prefix = '', search, after, limit }: ListQuery): Promise<Page> {
    const names = [...this.#database.totals.keys()]
      .filter((name) => name > after && name.startsWith(prefix) && name.includes(search))
      .toSorted()
      .slice(0, limit);
    const counters = await Promise.all(names.map((name) => this.describe(name)));
    return {
      counters: counters.filter((counter) => counter !== undefined),
      next: names.length < limit ? undefined : names.at(-1),
    };
  }

  async size(): Promise<number> {
    return this.#database.records.size;
  }

  async take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    this.#refuseIfClosed();
    const { limits, limitedMax = LIMITED_MAX, now } = this.#database;
    const nowUs = now() * 1000;
    for (const [name, fullAtUs] of limits) if (fullAtUs <= nowUs) limits.delete(name);
    return wanted.map(({ who, limit }) => {
      const name = `${limit.name} ${who}`;
      const taken = takeOne(limit, limits.get(name), nowUs);
      if (limits.has(name) || limits.size < limitedMax) limits.set(name, taken.fullAtUs);
      return verdictOf(limit, taken, nowUs);
    });
  }

  async ping(): Promise<void> {
    this.#refuseIfClosed();
  }

  async risks(): Promise<readonly string[]> {
    return ['Everything is lost when the process ends.'];
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Forgets all writers, as a store may do with those that were silent for long. */
  forgetWriters(): void {
    this.#database.writers.clear();
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new AppError('store-unavailable', 'closed');
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
    const { now } = this.#database;
    const past = this.#past(counter);
    const hour = Math.floor(now() / HOUR_MS);
    for (const kind of KINDS) if (kinds[kind]) addTo(past.hours, hour, kind, kinds[kind]);
    const day = Math.floor(hour / 24);
    const known = past.visitors.get(day) ?? new Set();
    for (const { id } of visitors) known.add(id);
    if (known.size > 0) past.visitors.set(day, known);
  }

  async past(counter: string): Promise<CounterHistory> {
    return this.#pastOf(counter);
  }

  #pastOf(counter: string): CounterHistory {
    const { hours, days, visitors, brought } = this.#database.pasts.get(counter) ?? {};
    const counts = new Map(brought);
    for (const [day, known] of visitors ?? [])
      counts.set(day, (counts.get(day) ?? 0) + known.size);
    const past = {
      hours: [...(hours?.values() ?? [])],
      days: [...(days?.values() ?? [])],
      visitors: counts,
    };
    return folded(past, Math.floor(this.#database.now() / HOUR_MS));
  }

  async beat(beat: HeartbeatReport): Promise<readonly HeardReplica[]> {
    const { replicas, now } = this.#database;
    replicas.set(beat.id, { ...beat, heardAt: now() });
    for (const { id, heardAt } of replicas.values()) {
      if (now() - heardAt > PRESENCE_MEMORY_MS) replicas.delete(id);
    }
    return [...replicas.values()].map(({ heardAt, ...said }) => ({
      ...said,
      silentMs: now() - heardAt,
    }));
  }

  async salt(day: number, suggested: string): Promise<string> {
    const { salts } = this.#database;
    if (!salts.has(day)) salts.set(day, suggested);
    return salts.get(day) ?? suggested;
  }
}

function addTo(sums: Map<string, HistoryEntry>, at: number, kind: Kind, amount: number): void {
  const name = `${at} ${kind}`;
  sums.set(name, { at, kind, amount: within((sums.get(name)?.amount ?? 0) + amount) });
}

/** As far as a number carries. */
function within(sum: number): number {
  return Math.max(Math.min(sum, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
}
