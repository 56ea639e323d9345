/**
 * Judges what clients got from a counter: is each number unique, in order, within the bounds, and did nothing fail?
 *
 * Told of each operation when it begins and when it ends, in that order. It keeps one bit for each number and nothing of past
 * operations, because all that an operation can contradict is the highest number that anyone had when it began. The checks are
 * those of Jepsen's workloads for counters, unique ids and sets (https://github.com/jepsen-io/jepsen).
 */
import type { Frame } from './history.ts';
import { NumberSet } from './number-set.ts';

/** What is checked, each by itself. */
export type Check = 'unique' | 'bounds' | 'order' | 'connection' | 'reads' | 'answered';

export interface Finding {
  readonly check: Check;
  readonly status: 'held' | 'broken' | 'untested';
  /** How often it was broken. */
  readonly count: number;
  /** The first evidence that it is broken, or why it was not tested. */
  readonly words: string;
}

/** An operation that has begun. */
export interface Begun {
  readonly type: 'hit' | 'read';
  readonly connection: number;
  /** The highest number that anyone had been given. */
  readonly floor: number;
}

/** What an operation got: a number, or why it did not. */
export interface Outcome {
  readonly number?: number | undefined;
  readonly failure?: string | undefined;
}

export class Judge {
  readonly #before: number;
  readonly #numbers = new NumberSet();
  readonly #broken = new Map<Check, { count: number; first: string }>();
  /** The last number on each connection that is still open. */
  readonly #last = new Map<number, number>();
  readonly #failures = new Map<string, number>();
  #highest: number;
  #lowestHit = Number.POSITIVE_INFINITY;
  #highestHit = Number.NEGATIVE_INFINITY;
  #hits = 0;
  #reads = 0;
  #unanswered = 0;

  /** `before`: the number of a visit before all others. */
  constructor(before: number) {
    this.#before = before;
    this.#highest = before;
  }

  /** How many hits were answered with a number. */
  get answered(): number {
    return this.#hits;
  }

  /** How operations failed, and how often; those of reads begin with `read: `. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  begin(type: Begun['type'], connection: number): Begun {
    return { type, connection, floor: this.#highest };
  }

  end({ type, connection, floor }: Begun, { number, failure }: Outcome): void {
    if (number === undefined) {
      const why = `${type === 'read' ? 'read: ' : ''}${failure ?? 'no number'}`;
      this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
      if (type === 'hit') this.#unanswered++;
      return;
    }
    if (type === 'hit') this.#hit(number, connection, floor);
    else this.#read(number, floor);
    this.#highest = Math.max(this.#highest, number);
  }

  /** The connection is closed: nothing more comes on it. */
  closed(connection: number): void {
    this.#last.delete(connection);
  }

  #hit(number: number, connection: number, floor: number): void {
    this.#hits++;
    this.#lowestHit = Math.min(this.#lowestHit, number);
    this.#highestHit = Math.max(this.#highestHit, number);
    if (!this.#numbers.add(number)) this.#break('unique', `${number} was given to two visits`);
    if (number <= floor) {
      this.#break('order', `a visit got ${number}, and before it began somebody had ${floor} already`);
    }
    const last = this.#last.get(connection);
    if (last !== undefined && number <= last) {
      this.#break('connection', `${number} came after ${last} on one connection`);
    }
    this.#last.set(connection, number);
  }

  #read(total: number, floor: number): void {
    this.#reads++;
    if (total < floor) {
      this.#break('reads', `${total} was read, and before that began somebody had ${floor} already`);
    }
  }

  #break(check: Check, words: string): void {
    const broken = this.#broken.get(check);
    if (broken) broken.count++;
    else this.#broken.set(check, { count: 1, first: words });
  }

  /** What was found, given the number of a visit after all others, and whether others than ours visited. */
  verdict({ after, others }: Omit<Frame, 'before'>): Finding[] {
    return [
      this.#finding('unique', this.#hits === 0 ? 'no visit got a number' : undefined),
      this.#bounds(after, others),
      this.#finding('order', this.#hits === 0 ? 'no visit got a number' : undefined),
      this.#finding('connection', this.#hits === 0 ? 'no visit got a number' : undefined),
      this.#finding('reads', this.#reads === 0 ? 'nothing was read' : undefined),
      this.#answered(),
    ];
  }

  #finding(check: Check, untested: string | undefined): Finding {
    const broken = this.#broken.get(check);
    if (broken) return { check, status: 'broken', count: broken.count, words: broken.first };
    if (untested !== undefined) return { check, status: 'untested', count: 0, words: untested };
    return { check, status: 'held', count: 0, words: '' };
  }

  /** Numbers answered <= visits counted <= numbers answered and requests without one. */
  #bounds(after: number | undefined, others: boolean): Finding {
    const check = 'bounds';
    const broken = (count: number, words: string): Finding => ({ check, status: 'broken', count, words });
    if (this.#hits > 0 && this.#lowestHit <= this.#before) {
      return broken(1, `${this.#lowestHit} was given out, and the counter stood at ${this.#before} before`);
    }
    if (after === undefined) {
      return { check, status: 'untested', count: 0, words: 'the counter did not answer at the end' };
    }
    if (this.#hits > 0 && this.#highestHit >= after) {
      return broken(1, `${this.#highestHit} was given out, and the counter stands at ${after - 1} only`);
    }
    // The visit that asked for `after` is one itself.
    const counted = after - 1 - this.#before;
    if (counted < this.#hits) {
      return broken(this.#hits - counted, `${this.#hits} visits got a number, and ${counted} are counted`);
    }
    const most = this.#hits + this.#unanswered;
    if (counted > most && !others) {
      return broken(
        counted - most,
        `${this.#hits} visits got a number and ${this.#unanswered} did not, and ${counted} are counted`,
      );
    }
    if (others) {
      return {
        check,
        status: 'untested',
        count: 0,
        words: `others visit too: ${counted} are counted, ${this.#hits} of them got their number here. Nothing is lost`,
      };
    }
    return { check, status: 'held', count: 0, words: '' };
  }

  #answered(): Finding {
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    if (failed > 0) {
      const how = [...this.#failures].map(([why, count]) => `${count} ${why}`).join(', ');
      return { check: 'answered', status: 'broken', count: failed, words: how };
    }
    return this.#finding('answered', this.#hits + this.#reads === 0 ? 'nothing was asked' : undefined);
  }
}
