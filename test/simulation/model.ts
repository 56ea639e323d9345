/**
 * The reference: what a store should do with a batch, hit by hit, as simply as possible.
 *
 * Stores and counters are compared with it. It shares no code with them, only types and promised
 * numbers. Where the contract leaves a choice (what is forgotten after a window or a day ends), it
 * follows the store under test.
 */

import type { Outcome } from '../../src/contract/counting.ts';
import { DAY_MS, HOUR_MS } from '../../src/contract/history.ts';
import { type Fate, type Group, REPEATED, type SimulatedHit } from './hit.ts';
import { countingHits, type ModelCounter, outcomeOf } from './model-counter.ts';
import { MANY, type Plan } from './plan.ts';
import { Violation } from './violation.ts';

/** All that is stored. */
export interface State {
  counters: Map<string, ModelCounter>;
  keys: Map<string, { request: string; total: number; at: number }>;
  writers: Map<string, { sequence: number; outcomes: Outcome[] }>;
  /** Visitors of batches that failed in the middle: a store may have kept them. */
  maybeVisitors: Map<string, Set<string>>;
  /** The hits whose fate is known, in the order in which they were applied. */
  settled: SimulatedHit[];
}

export class Model {
  #state: State = empty();
  #lines = 0;
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get counters(): ReadonlyMap<string, ModelCounter> {
    return this.#state.counters;
  }

  /** The last number kept of a writer; 0 for one that is not known. */
  sequenceOf(writer: string): number {
    return this.#state.writers.get(writer)?.sequence ?? 0;
  }

  maybeVisitorsOf(counter: string): ReadonlySet<string> {
    return this.#state.maybeVisitors.get(counter) ?? new Set();
  }

  /**
   * Applies a batch, and notes down on its hits what became of them. `told` is what a store
   * answered, where there is one.
   */
  apply(
    { writer, sequence }: { writer: string; sequence: number },
    groups: readonly Group[],
    at: number,
    told?: readonly Outcome[],
  ): Outcome[] | 'sequence-mismatch' {
    const kept = this.#state.writers.get(writer);
    if (kept?.sequence === sequence) return kept.outcomes;
    if ((kept?.sequence ?? 0) + 1 !== sequence) return 'sequence-mismatch';
    const outcomes = groups.map((group, index) => this.#applyGroup(group, at, told?.[index]));
    this.#state.writers.set(writer, { sequence, outcomes });
    return outcomes;
  }

  #applyGroup(group: Group, at: number, told: Outcome | undefined): Outcome {
    const { counter: name, once, hits } = group;
    const { keys, counters } = this.#state;
    const refuse = (why: Extract<Outcome, string>) => {
      for (const hit of hits) this.#settle(hit, { refused: why });
      return why;
    };
    const before = counters.get(name);
    const known = once && keys.get(once.key);
    if (once && known) {
      if (known.request !== once.request) return refuse('key-reused');
      const hidden = before?.private ?? false;
      for (const hit of hits) {
        this.#settle(hit, { number: known.total, private: hidden, counts: true, line: REPEATED });
      }
      return hidden ? { total: known.total, private: true, counted: undefined } : known.total;
    }
    if (once && this.#keysAreFull(at, told)) return refuse('keys-full');
    if (!before && name !== 'hits') {
      if (!this.#plan.limits.hitsMake || hits.every(({ make }) => !make)) return refuse('missing');
      if (counters.size >= this.#plan.limits.countersMax) return refuse('counters-full');
    }
    const counter = before ?? this.#newCounter(0);
    const counting = countingHits(counter, hits, at, told, this.#plan.limits.visitorsMax < MANY);
    const sum = counting.reduce((all, hit) => all + hit.amount, 0);
    if (!Number.isSafeInteger(counter.total + sum)) return refuse('out-of-range');
    counters.set(name, counter);
    for (const hit of hits) this.#count(counter, hit, counting.includes(hit), at);
    forgetOld(counter, at);
    if (once) keys.set(once.key, { request: once.request, total: counter.total, at });
    return outcomeOf(counter, group, counting);
  }

  #count(counter: ModelCounter, hit: SimulatedHit, counts: boolean, at: number): void {
    const { kind, id } = hit.visitor ?? { kind: 'program', id: undefined };
    if (counts) {
      counter.total += hit.amount;
      const hour = `${Math.floor(at / HOUR_MS)} ${kind}`;
      counter.hours.set(hour, (counter.hours.get(hour) ?? 0) + hit.amount);
    }
    if (id !== undefined) {
      const day = Math.floor(at / DAY_MS);
      counter.visitors.set(day, (counter.visitors.get(day) ?? new Set()).add(id));
      if (counts && hit.amount === 1 && counter.windowMs > 0)
        counter.seen.set(id, { at, forgotten: false });
    }
    this.#settle(hit, {
      number: counter.total,
      private: counter.private,
      counts,
      line: counter.line,
    });
  }

  #settle(hit: SimulatedHit, fate: Fate): void {
    if (hit.fate) throw new Violation(`hit ${hit.id} is applied twice`);
    if (hit.saidNotCounted && !hit.lost)
      throw new Violation(`hit ${hit.id} is applied, and was said not to be counted`);
    hit.fate = fate;
    this.#state.settled.push(hit);
  }

  /**
   * Keys are promised for a day. Which of the older ones a store has forgotten is its choice, and
   * also how many it has counted, where clocks differ or commands failed.
   */
  #keysAreFull(at: number, told: Outcome | undefined): boolean {
    const { limits, skewMs, faults } = this.#plan;
    const keys = [...this.#state.keys.values()];
    if (keys.length < limits.keysMax) return false;
    const isSure = keys.filter((key) => Math.abs(at - key.at) < DAY_MS).length >= limits.keysMax;
    const isOpen = !isSure || skewMs > 0 || faults.fail > 0;
    return told === undefined || !isOpen ? isSure : told === 'keys-full';
  }

  #newCounter(total: number): ModelCounter {
    return {
      total,
      owner: undefined,
      private: false,
      windowMs: 0,
      line: ++this.#lines,
      hours: new Map(),
      visitors: new Map(),
      seen: new Map(),
    };
  }

  /**
   * A batch failed in the middle; visitors may stay behind, and those whose window is over may be
   * forgotten.
   */
  failed(groups: readonly Group[], at: number): void {
    for (const { counter, hits } of groups) {
      const there = this.#state.counters.get(counter);
      if (there) forgetOld(there, at);
      const maybe = this.#state.maybeVisitors.get(counter) ?? new Set();
      for (const { visitor } of hits) if (visitor?.id !== undefined) maybe.add(visitor.id);
      this.#state.maybeVisitors.set(counter, maybe);
    }
  }

  make(name: string, total: number, owner: string, windowMs: number, hidden: boolean) {
    const before = this.#state.counters.get(name);
    if (before) return before.owner === owner ? 'created' : 'exists';
    if (this.#state.counters.size >= this.#plan.limits.countersMax) return 'counters-full';
    this.#state.counters.set(name, {
      ...this.#newCounter(total),
      owner,
      windowMs,
      private: hidden,
    });
    return 'created';
  }

  set(name: string, total: number): boolean {
    return this.#change(name, (counter) => Object.assign(counter, { total, line: ++this.#lines }));
  }

  rule(name: string, windowMs: number, hidden: boolean): boolean {
    return this.#change(name, (counter) => Object.assign(counter, { windowMs, private: hidden }));
  }

  #change(name: string, change: (counter: ModelCounter) => void): boolean {
    const counter =
      this.#state.counters.get(name) ?? (name === 'hits' ? this.#newCounter(0) : undefined);
    if (!counter) return false;
    this.#state.counters.set(name, counter);
    change(counter);
    return true;
  }

  delete(name: string): void {
    this.#state.counters.delete(name);
    this.#state.maybeVisitors.delete(name);
  }

  read(name: string): number | undefined {
    const counter = this.#state.counters.get(name);
    return counter?.private ? undefined : counter?.total;
  }

  forgetWriters(): void {
    this.#state.writers.clear();
  }

  /** A copy of all that is stored, to be set back to. */
  copy(): State {
    const { settled, ...rest } = this.#state;
    return { ...structuredClone(rest), settled: [...settled] };
  }

  /** Sets the store back to a copy, or empties it. Hits that were stored since are lost. */
  setBack(copy: State = empty()): void {
    const still = new Set(copy.settled);
    for (const hit of this.#state.settled) {
      if (still.has(hit)) continue;
      hit.fate = undefined;
      hit.lost = true;
    }
    this.#state = copy;
  }
}

/**
 * A store may forget visitors whose window is over by the clock of a batch, though it is not by
 * another clock.
 */
function forgetOld({ seen, windowMs }: ModelCounter, at: number): void {
  for (const visit of seen.values())
    if (Math.abs(at - visit.at) >= windowMs) visit.forgotten = true;
}

function empty(): State {
  return {
    counters: new Map(),
    keys: new Map(),
    writers: new Map(),
    maybeVisitors: new Map(),
    settled: [],
  };
}
