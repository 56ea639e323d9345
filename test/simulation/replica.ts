/**
 * A replica under simulation: the real `Counter`, on simulated time and a simulated network, and
 * the checks of its answers and their times. Its batches are checked in `outbox.ts`.
 */
import { Counter } from '../../src/counter/counter.ts';
import { isAppError } from '../../src/counter/errors.ts';
import { type SimulatedHit, unanswered } from './hit.ts';
import { Outbox } from './outbox.ts';
import { type Finding, textOf, Violation } from './violation.ts';
import type { World } from './world.ts';

/** Codes that promise that the hit was not counted, for each outcome of a store. */
const REFUSALS: Readonly<Record<string, string>> = {
  'out-of-range': 'total-out-of-range',
  unreadable: 'counter-unreadable',
  'key-reused': 'key-reused',
  'keys-full': 'keys-full',
  missing: 'counter-missing',
  'counters-full': 'counters-full',
};

/** Times are sums of fractions. */
const SAME_MS = 0.001;

export class Replica {
  readonly name: string;
  /** Which machine it runs on. */
  readonly number: number;
  readonly counter: Counter;
  /** Milliseconds by which its clock is ahead. */
  aheadMs = 0;
  alive = true;
  draining = false;
  drained = false;
  readonly #world: World;
  readonly #outbox: Outbox;
  #forgotten = 0;

  constructor(name: string, number: number, world: World) {
    this.name = name;
    this.number = number;
    this.#world = world;
    this.#outbox = new Outbox(this, world);
    const { timeline, plan, dice, network } = world;
    const turn = (maxMs: number) =>
      new Promise<void>((resolve) =>
        timeline.after(dice.next() * maxMs, () => this.alive && resolve()),
      );
    this.counter = new Counter({
      counting: {
        commit: (batch) => this.#outbox.send(batch),
        read: (counters) => network.read(counters),
        ...(plan.turns ? { waitForTurn: () => turn(4) } : {}),
      },
      clock: {
        now: () => timeline.now,
        after: (delayMs, task) => timeline.after(delayMs, () => this.alive && task()),
        turn: () => turn(0.2),
        random: dice.next,
      },
      newWriter: () => this.#outbox.newWriter(),
      waitMs: plan.waitMs,
      waitingMax: plan.waitingMax,
      changesMax: plan.changesMax,
      observer: {
        committed: ({ hits }) => this.#outbox.committed(hits),
        retrying: () => undefined,
        late: () => undefined,
        broke: () => undefined,
        writerForgotten: () => this.#forgotten++,
      },
    });
  }

  /** Its clock: milliseconds since 1970. */
  get now(): number {
    const { timeline, plan } = this.#world;
    return Math.floor(plan.startsAt + timeline.now + this.aheadMs);
  }

  /** Sends a hit, and resolves when it has its answer, which is then noted down on it. */
  hit(hit: SimulatedHit): Promise<void> {
    const { counter, amount, once, visitor, reveal, make } = hit;
    const waited = this.counter.waiting;
    const isFull = this.#outbox.open >= this.#world.plan.waitingMax;
    const isDraining = this.draining;
    const answer = this.counter.hit(counter, { amount, once, visitor, reveal, make });
    this.#outbox.waiting.push(hit);
    return answer
      .then(
        (number) => this.#answered(hit, number),
        (error: unknown) => this.#refused(hit, error, waited),
      )
      .then(() => {
        const refused = hit.answer === 'waiting-full' || hit.answer === 'draining';
        this.#must(refused || !isFull, () => `hit ${hit.id} is taken though as many wait as may`);
        this.#must(
          refused || !isDraining,
          () => `hit ${hit.id} is taken by a replica that drains`,
        );
      });
  }

  /** Ends the history unless `holds`; thrown errors alone would be taken for those of a store. */
  #must(holds: boolean, what: Finding): asserts holds {
    if (holds) return;
    const violation = new Violation(`${this.name}: ${textOf(what)}`);
    this.#world.timeline.fail(violation);
    throw violation;
  }

  drain(): void {
    this.draining = true;
    void this.counter.drain().then(() => {
      this.#must(this.#outbox.waiting.length === 0, 'a replica is drained while hits wait');
      this.#must(
        !this.#outbox.parcel?.hits.some(unanswered),
        'a replica is drained while hits of its batch wait',
      );
      this.drained = true;
    });
  }

  /** What must hold when nothing happens any more. */
  judge(): void {
    this.#must(this.counter.waiting === 0, `${this.counter.waiting} hits wait for ever`);
    this.#must(this.#outbox.waiting.length === 0, `hits have no answer`);
    this.#must(
      this.#forgotten === this.#outbox.mismatches,
      `the log does not say that the store forgot it`,
    );
    this.#must(this.drained === this.draining, `it is not drained`);
  }

  #answered(hit: SimulatedHit, number: number | null): void {
    this.#note(hit, number);
    const { fate } = hit;
    this.#must(
      fate !== undefined || hit.lost,
      () => `hit ${hit.id} is answered ${number} and is not stored`,
    );
    if (!fate || hit.lost) return;
    this.#must(
      'number' in fate,
      () => `hit ${hit.id} is answered ${number} but was refused: ${JSON.stringify(fate)}`,
    );
    const expected = fate.private && !hit.reveal ? null : fate.number;
    this.#must(
      number === expected,
      () => `hit ${hit.id} on ${hit.counter} is answered ${number}, not ${expected}`,
    );
  }

  #refused(hit: SimulatedHit, error: unknown, waited: number): void {
    const code = isAppError(error) ? error.code : String(error);
    const inBatch = this.#outbox.parcel?.hits.includes(hit) ?? false;
    const { waitMs, waitingMax } = this.#world.plan;
    const waitedMs = this.#world.timeline.now - hit.sentAt;
    const overdue = Math.abs(waitedMs - waitMs) < SAME_MS;
    this.#note(hit, code);
    hit.saidNotCounted = code !== 'hit-unconfirmed' && isAppError(error);
    const fits = (holds: boolean, why: string) =>
      this.#must(holds, () => `hit ${hit.id} is answered ${code}, ${why}`);
    if (hit.saidNotCounted) {
      fits(!hit.fate || 'refused' in hit.fate || hit.lost, 'and counts');
    }
    if (code === 'draining') return fits(this.draining, 'but nothing is drained');
    if (code === 'waiting-full') return fits(waited >= waitingMax, `but only ${waited} wait`);
    if (code === 'store-unavailable') return fits(!inBatch && overdue, `after ${waitedMs} ms`);
    if (code === 'hit-unconfirmed') {
      fits(inBatch, 'but was never sent');
      return fits(
        overdue || (this.#outbox.mismatches > 0 && (this.#outbox.parcel?.uncertain ?? 0) > 0),
        `after ${waitedMs} ms`,
      );
    }
    if (!isAppError(error)) return fits(this.#outbox.parcel?.bug ?? false, 'but the store works');
    const refused = hit.fate && 'refused' in hit.fate ? REFUSALS[hit.fate.refused] : undefined;
    fits(code === refused || hit.lost, `not ${refused}`);
  }

  #note(hit: SimulatedHit, answer: SimulatedHit['answer']): void {
    this.#must(this.alive, () => `hit ${hit.id} is answered by a replica that is gone`);
    this.#must(unanswered(hit), () => `hit ${hit.id} is answered twice`);
    hit.answer = answer;
    const waitedMs = this.#world.timeline.now - hit.sentAt;
    this.#must(
      waitedMs <= this.#world.plan.waitMs + SAME_MS,
      () => `hit ${hit.id} waits ${waitedMs} ms`,
    );
    const at = this.#outbox.waiting.indexOf(hit);
    if (at >= 0) this.#outbox.waiting.splice(at, 1);
  }
}
