/**
 * The visits of one simulated replica: their counters, visitors and times, and the check that each
 * was answered once.
 *
 * Every visit goes through `Counter.hit` and gets its number. Closed loop: each client visits
 * again after its answer. Open loop: a fixed rate, whatever the answers. Not here: the replicas
 * (`replicas.ts`).
 */
import type { Counter } from '../../src/counter/counter.ts';
import type { Visitor } from '../../src/counter/visitor.ts';

/**
 * The kinds of load: one counter hit by programs, one counter hit by visitors, 100,000 counters
 * hit by visitors.
 */
export const SHAPES = ['hot', 'visitors', 'counters'] as const;
export type Shape = (typeof SHAPES)[number];

/** The counters of a shape. */
export function countersOf(shape: Shape): readonly string[] {
  return shape === 'counters'
    ? Array.from({ length: 100_000 }, (_, index) => `bench/counter-${index}`)
    : ['hits'];
}

/**
 * The number of visitors of each process, who come in turn. All ids differ, in all processes.
 */
const VISITORS = 200_000;

/** Visitors with ids as long as those of `visitorOf`. */
export function visitorsOf(shape: Shape, place: number): readonly Visitor[] {
  if (shape === 'hot') return [];
  return Array.from({ length: VISITORS }, (_, index) => {
    const id = new Bun.CryptoHasher('sha256')
      .update(`${place} ${index}`)
      .digest('base64url')
      .slice(0, 11);
    return { kind: 'person', id };
  });
}

/** The results of the visits of one process. */
export class Tally {
  answered = 0;
  failed: unknown;
  /**
   * The sum of all numbers answered, modulo 2^32: shows a number that was answered twice, or
   * never.
   */
  checksum = 0;
  /** The waiting times of some of the visits, in milliseconds. */
  readonly waitedMs: number[] = [];
}

/** One visit in so many is timed: often enough for a p99, seldom enough to cost nothing. */
const TIMED_EVERY = 101;

/** The visits of one replica. */
export class Load {
  /** Whether clients visit again after an answer. */
  going = true;
  readonly #counter: Counter;
  readonly #names: readonly string[];
  readonly #visitors: readonly Visitor[];
  readonly #tally: Tally;
  readonly #amount: number;
  #next: number;

  /** Each visit adds `amount`: 1, or the number of visits that a replica would have gathered. */
  constructor(
    counter: Counter,
    {
      names,
      visitors,
      amount,
    }: { names: readonly string[]; visitors: readonly Visitor[]; amount: number },
    tally: Tally,
  ) {
    this.#amount = amount;
    this.#counter = counter;
    this.#names = names;
    this.#visitors = visitors;
    this.#tally = tally;
    this.#next = Math.floor(Math.random() * VISITORS);
  }

  /** One visit, made at `at`; with `again`, its client makes another one when it is answered. */
  visit(again: boolean, at = performance.now()): void {
    const number = this.#next++;
    const timed = number % TIMED_EVERY === 0;
    const answered = timed ? this.#timed(again, at) : again ? this.#again : this.#once;
    this.#hit(number).then(answered, this.#failed);
  }

  #hit(number: number): Promise<number | null> {
    const { length } = this.#names;
    const name = this.#names[length === 1 ? 0 : Math.floor(Math.random() * length)] ?? '';
    const visitor = this.#visitors[number % VISITORS];
    return this.#counter.hit(name, { amount: this.#amount, visitor });
  }

  readonly #once = (total: number | null): void => {
    this.#tally.answered++;
    this.#tally.checksum = (this.#tally.checksum + (total ?? 0)) | 0;
  };

  readonly #again = (total: number | null): void => {
    this.#once(total);
    if (this.going) this.visit(true);
  };

  readonly #timed = (again: boolean, at: number) => (total: number | null) => {
    this.#tally.waitedMs.push(performance.now() - at);
    (again ? this.#again : this.#once)(total);
  };

  readonly #failed = (error: unknown): void => {
    this.#tally.failed ??= error;
  };
}
