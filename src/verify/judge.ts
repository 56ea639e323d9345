/**
 * Judges the answers of a counter: checks that each number is unique, in order and within the
 * bounds, and counts failures.
 *
 * It is called when each operation begins and when it ends. It keeps one bit for each number and
 * no past operations, because an operation can only contradict the highest number that any client
 * had when it began. The checks are those of Jepsen's workloads for counters, unique ids and sets
 * (https://github.com/jepsen-io/jepsen).
 */
import { bounds, NumberSet, type PendingRequest, Repeats } from './checks.ts';
import { Evidence, type Finding } from './finding.ts';
import type { Frame } from './history.ts';

/** An operation that has begun. */
export interface StartedOperation {
  readonly type: 'hit' | 'read';
  readonly connection: number;
  /** The highest number that any client had at its beginning. */
  readonly floor: number;
  readonly pending: PendingRequest | undefined;
}

/** The result of an operation: a number, or the reason of its failure. */
export interface Outcome {
  readonly number?: number | undefined;
  readonly failure?: string | undefined;
}

/** Judges one counter. */
export class Judge {
  readonly #before: number;
  readonly #numbers = new NumberSet();
  readonly #evidence = new Evidence();
  /** The last number on each connection that is still open. */
  readonly #last = new Map<number, number>();
  readonly #repeats = new Repeats();
  #highest: number;
  #lowestHit = Number.POSITIVE_INFINITY;
  #highestHit = Number.NEGATIVE_INFINITY;
  #hits = 0;
  #reads = 0;
  #unanswered = 0;
  #compared = 0;

  /** `before`: the number of a visit before all others. */
  constructor(before: number) {
    this.#before = before;
    this.#highest = before;
  }

  /** The number of hits that were answered with a number. */
  get answered(): number {
    return this.#hits;
  }

  /**
   * Failures by reason. Reasons of reads begin with `read: `, and those of visits that had been
   * answered before with `again: `.
   */
  get failures(): ReadonlyMap<string, number> {
    return this.#evidence.failures;
  }

  /**
   * Failures of requests with a key, by reason; their visits are repeated, so these are not failed
   * visits.
   */
  get tries(): ReadonlyMap<string, number> {
    return this.#repeats.tries;
  }

  /** The number of answered visits that were repeated and answered again. */
  get compared(): number {
    return this.#compared;
  }

  /** A request is sent. It is a repetition if an earlier one had the same key. */
  begin(type: StartedOperation['type'], connection: number, key?: string): StartedOperation {
    const pending = key === undefined ? undefined : this.#repeats.begin(key, type, this.#highest);
    // A hit may have counted at its first request; a failed read has read nothing.
    const floor = type === 'hit' ? (pending?.floor ?? this.#highest) : this.#highest;
    return { type, connection, floor, pending };
  }

  /** An operation ends. Without number and failure, it read a counter that has no hits. */
  end({ type, connection, floor, pending }: StartedOperation, { number, failure }: Outcome): void {
    if (number === undefined) {
      if (pending) this.#repeats.failed(pending, failure);
      else if (failure !== undefined) this.#failed(type, failure);
      return;
    }
    if (pending) pending.failure = undefined;
    if (pending?.number !== undefined) {
      this.#compared++;
      if (number !== pending.number) {
        this.#evidence.add(
          'repeats',
          `a visit that had got ${pending.number} was repeated and got ${number}`,
        );
      }
      return;
    }
    if (pending) pending.number = number;
    if (type === 'hit') this.#hit(number, connection, floor);
    else this.#read(number, floor);
    this.#highest = Math.max(this.#highest, number);
  }

  /** No more requests with this key follow; without `key`, none with any key. */
  settled(key?: string): void {
    for (const { type, number, failure = '' } of this.#repeats.settle(key)) {
      if (number === undefined) this.#failed(type, failure);
      else this.#evidence.failed(`again: ${failure}`);
    }
  }

  #failed(type: StartedOperation['type'], failure: string): void {
    this.#evidence.failed(`${type === 'read' ? 'read: ' : ''}${failure}`);
    if (type === 'hit') this.#unanswered++;
  }

  /** The connection is closed. */
  closed(connection: number): void {
    this.#last.delete(connection);
  }

  #hit(number: number, connection: number, floor: number): void {
    this.#hits++;
    this.#lowestHit = Math.min(this.#lowestHit, number);
    this.#highestHit = Math.max(this.#highestHit, number);
    if (!this.#numbers.add(number))
      this.#evidence.add('unique', `${number} was given to two visits`);
    if (number <= floor) {
      this.#evidence.add(
        'order',
        `a visit got ${number}, and before it began somebody had ${floor} already`,
      );
    }
    const last = this.#last.get(connection);
    if (last !== undefined && number <= last) {
      this.#evidence.add('connection', `${number} came after ${last} on one connection`);
    }
    this.#last.set(connection, number);
  }

  #read(total: number, floor: number): void {
    this.#reads++;
    if (total < floor) {
      this.#evidence.add(
        'reads',
        `${total} was read, and before that began somebody had ${floor} already`,
      );
    }
  }

  /** All findings. */
  verdict({ mayFail = false, ...frame }: Omit<Frame, 'before'>): Finding[] {
    this.settled();
    const finding = this.#evidence.finding.bind(this.#evidence);
    const unhit = this.#hits === 0 ? 'no visit got a number' : undefined;
    const unread = this.#reads === 0 ? 'nothing was read' : undefined;
    const uncompared = this.#compared === 0 ? 'no visit was answered twice' : undefined;
    return [
      finding('unique', unhit),
      bounds({
        ...frame,
        before: this.#before,
        answered: this.#hits,
        unanswered: this.#unanswered,
        lowest: this.#lowestHit,
        highest: this.#highestHit,
      }),
      finding('order', unhit),
      finding('connection', unhit),
      finding('reads', unread),
      ...(this.#repeats.keyed ? [finding('repeats', uncompared)] : []),
      this.#evidence.answered(mayFail, unhit && unread && 'nothing was asked'),
    ];
  }
}
