/**
 * The network between the replicas and the store, and its faults.
 *
 * A message may be lost before or after it reaches the store, arrive long after its sender has
 * given up, or reach a store that is down, fails half-way, or has a bug. Errors have the same
 * meaning as those of real stores: `store-unavailable` only when the batch is certainly not
 * applied.
 */

import type { Batch, Outcome } from '../../src/contract/counting.ts';
import { AppError } from '../../src/counter/errors.ts';
import type { Dice } from './dice.ts';
import type { Journal } from './journal.ts';
import type { Parcel } from './parcel.ts';
import type { Plan } from './plan.ts';
import type { StoreSide } from './store-side.ts';
import type { Timeline } from './timeline.ts';

/**
 * A message may arrive this much later: as long as a system keeps a connection that nobody listens
 * to.
 */
const LATE_MS = 60_000;
/** Hardly a batch of a history needs more commands, and that of one hit not more than the few. */
const COMMANDS_MAX = 40;
const COMMANDS_FEW = 16;

/** Who sends. */
export interface Sender {
  readonly number: number;
  readonly alive: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How a message fares. */
interface Fare {
  /** When it arrives; `undefined` when it never does. */
  readonly arrivesMs: number | undefined;
  /** From there until its answer is back. */
  readonly answerMs: number;
  /** When its sender takes it for lost. */
  readonly lostMs: number;
  /** Which command of the store fails; 0 when none does. */
  readonly failing: number;
  readonly bug: boolean;
}

export class Network {
  /** Whether all is well from now on. */
  healed = false;
  /** Whether the store is away: what arrives is lost. */
  down = false;
  readonly #timeline: Timeline;
  readonly #plan: Plan;
  readonly #dice: Dice;
  readonly #store: StoreSide;
  readonly #journal: Journal;

  constructor(timeline: Timeline, plan: Plan, dice: Dice, store: StoreSide, journal: Journal) {
    this.#timeline = timeline;
    this.#plan = plan;
    this.#dice = dice;
    this.#store = store;
    this.#journal = journal;
  }

  /** One attempt at a batch. */
  commit(from: Sender, batch: Batch, { groups }: Parcel): Promise<readonly Outcome[]> {
    const at = from.now;
    return new Promise((resolve, reject) => {
      let over = false;
      const end = (settle: () => void) => {
        if (!over && from.alive) settle();
        else this.#journal.count('answer unheard');
        over = true;
      };
      const fare = this.#fare();
      if (fare === 'refused') {
        this.#journal.count('refused');
        this.#timeline.after(this.#latency(), () => end(() => reject(refused())));
        return;
      }
      const { arrivesMs, answerMs, lostMs, failing, bug } = fare;
      this.#timeline.after(lostMs, () => {
        if (!over) end(() => reject(bug ? new TypeError('a bug') : lost()));
      });
      if (arrivesMs === undefined) return this.#journal.count('lost before');
      this.#timeline.after(arrivesMs, () => {
        if (this.down) return this.#journal.count('lost with the store');
        if (over || !from.alive) this.#journal.count('arrived late');
        return this.#store.deliver(
          { batch, groups, replica: from.number, at, failing },
          (answer) => {
            const told = () => (answer instanceof AppError ? reject(answer) : resolve(answer));
            this.#timeline.after(answerMs, () => end(told));
          },
        );
      });
    });
  }

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    await new Promise<void>((resolve) => this.#timeline.after(this.#latency(), resolve));
    if (this.down) throw refused();
    return counters.map((counter) => this.#store.model.read(counter));
  }

  #fare(): Fare | 'refused' {
    const { faults, timeoutMs } = this.#plan;
    const dice = this.#dice;
    const meets = (chance: number) => dice.yes(chance) && !this.healed;
    if (meets(faults.refuse) || (this.down && dice.yes(0.5))) return 'refused';
    const isLate = meets(faults.late);
    const isLost = meets(faults.lose);
    const fails = meets(faults.fail);
    const bug = meets(faults.bug);
    const veryLateMs = isLate && dice.yes(0.3) ? LATE_MS * dice.next() : 0;
    const arrivesMs = isLate ? timeoutMs * dice.next() + veryLateMs : this.#latency();
    return {
      arrivesMs: (isLost || bug) && dice.yes(0.4) ? undefined : arrivesMs,
      answerMs: isLate && dice.yes(0.5) ? timeoutMs * dice.next() : this.#latency(),
      lostMs: isLost || bug ? Math.min(timeoutMs, arrivesMs * 2) * dice.next() : timeoutMs,
      failing: fails ? 1 + dice.below(dice.yes(0.5) ? COMMANDS_MAX : COMMANDS_FEW) : 0,
      bug,
    };
  }

  /**
   * Half the way of a message and its answer: less than its sender waits, and its client when all
   * is well.
   */
  #latency(): number {
    const { latencyMs, timeoutMs, waitMs } = this.#plan;
    const patienceMs = this.healed ? Math.min(timeoutMs, waitMs) : timeoutMs;
    return Math.min(latencyMs, patienceMs * 0.2) * this.#dice.next();
  }
}

function refused(): AppError {
  return new AppError('store-unavailable', 'refused by the simulation');
}

function lost(): AppError {
  return new AppError('hit-unconfirmed', 'lost by the simulation');
}
