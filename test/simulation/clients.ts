/**
 * Simulated clients: which requests they send to which replica, and how they repeat them with the
 * same key.
 */

import type { RequestKey } from '../../src/contract/counting.ts';
import { DAY_MS } from '../../src/contract/history.ts';
import type { Visitor } from '../../src/counter/visitor.ts';
import type { Dice } from './dice.ts';
import type { SimulatedHit } from './hit.ts';
import type { Plan } from './plan.ts';
import type { Replica } from './replica.ts';
import type { Timeline } from './timeline.ts';
import { visitorIds } from './visitors.ts';

/** What a client asks for; under a key it may ask again. */
interface Request {
  readonly counter: string;
  readonly amount: number;
  readonly once: RequestKey | undefined;
  readonly visitor: { kind: Visitor['kind']; number: number } | undefined;
  readonly reveal: boolean;
  readonly make: boolean;
  readonly madeAt: number;
}

const AMOUNTS = [2, 5, -1, -3, 1000];
const TRIES_MAX = 4;

export class Clients {
  /** All that were sent, repeated ones too. */
  readonly hits: SimulatedHit[] = [];
  /** Whether nobody asks again any more. */
  leave = false;
  readonly #timeline: Timeline;
  readonly #plan: Plan;
  readonly #dice: Dice;
  /** By machine. */
  readonly #replicas: readonly Replica[];
  /** Those with a key. */
  readonly #requests: Request[] = [];

  constructor(timeline: Timeline, plan: Plan, dice: Dice, replicas: readonly Replica[]) {
    this.#timeline = timeline;
    this.#plan = plan;
    this.#dice = dice;
    this.#replicas = replicas;
  }

  /** Some hits that arrive together at one machine, each from another client. */
  burst(): void {
    const { burstMax, replicas } = this.#plan;
    const machine = this.#dice.below(replicas);
    const size = 1 + this.#dice.below(burstMax);
    for (let count = 0; count < size; count++) {
      this.#timeline.after(this.#dice.next() * 0.3, () => this.#visit(machine));
    }
  }

  /** A hit of one who wants to see whether a replica counts. */
  async probe(replica: Replica): Promise<SimulatedHit['answer']> {
    const usual = { counter: 'hits', amount: 1, once: undefined, visitor: undefined };
    const hit = this.#newHit({ ...usual, reveal: true, make: true, madeAt: 0 }, replica);
    await replica.hit(hit);
    return hit.answer;
  }

  /** A new request, or one that was sent before. Keys are promised for a day. */
  #visit(machine: number): void {
    const recent = this.#recent();
    const isOld = recent.length > 0 && this.#dice.yes(0.3) && this.#dice.yes(this.#plan.keyed * 2);
    const request = isOld ? this.#dice.one(recent) : this.#newRequest(recent);
    if (request.once) this.#requests.push(request);
    this.#ask(machine, request, 1);
  }

  /** The requests of the last half day. The first one is the oldest: if it is recent, all are. */
  #recent(): readonly Request[] {
    const isRecent = ({ madeAt }: Request) => this.#timeline.now - madeAt < DAY_MS / 2;
    const [oldest] = this.#requests;
    return oldest === undefined || isRecent(oldest)
      ? this.#requests
      : this.#requests.filter(isRecent);
  }

  #newRequest(recent: readonly Request[]): Request {
    const { counters, keyed, visitors, regulars, amounts, barred } = this.#plan;
    const dice = this.#dice;
    const counter = dice.one(counters);
    const amount = dice.yes(amounts) ? dice.one(AMOUNTS) : 1;
    const another = recent.length > 0 && dice.yes(0.1) ? dice.one(recent).once?.key : undefined;
    const key = dice.yes(keyed) ? (another ?? `k${this.hits.length}`) : undefined;
    const kind = dice.one(['person', 'person', 'person', 'program', 'bot', 'proxy'] as const);
    return {
      counter,
      amount,
      once: key === undefined ? undefined : { key, request: `${counter}=${amount}` },
      visitor: dice.yes(visitors) ? { kind, number: dice.below(regulars) } : undefined,
      reveal: dice.yes(0.3),
      make: !dice.yes(barred),
      madeAt: this.#timeline.now,
    };
  }

  #ask(machine: number, request: Request, tries: number): void {
    const replica = this.#replicas[machine];
    if (!replica) return;
    const hit = this.#newHit(request, replica);
    const answered = replica.hit(hit);
    if (!request.once) return;
    void answered.then(() => this.#askAgain(request, hit, tries));
    // Who has no answer because the replica is gone asks again too.
    this.#timeline.after(this.#plan.waitMs * 1.5, () => {
      if (hit.answer === undefined) this.#askAgain(request, hit, tries);
    });
  }

  /** Mostly those that got no number, sometimes one that did. */
  #askAgain(request: Request, { answer }: SimulatedHit, tries: number): void {
    const wants = this.#dice.yes(typeof answer === 'number' ? 0.2 : 0.8);
    if (tries >= TRIES_MAX || this.leave || !wants) return;
    const machine = this.#dice.below(this.#plan.replicas);
    this.#timeline.after(this.#dice.next() * this.#plan.waitMs, () =>
      this.#ask(machine, request, tries + 1),
    );
  }

  #newHit(
    { counter, amount, once, visitor, reveal, make }: Request,
    replica: Replica,
  ): SimulatedHit {
    const day = Math.floor(replica.now / DAY_MS);
    const hit = {
      id: this.hits.length,
      counter,
      amount,
      once,
      reveal,
      make,
      sentAt: this.#timeline.now,
      visitor: visitor && {
        kind: visitor.kind,
        id: visitorIds(visitor.kind, day)[visitor.number],
      },
      fate: undefined,
      lost: false,
      saidNotCounted: false,
      answer: undefined,
    };
    this.hits.push(hit);
    return hit;
  }
}
