/** Owners of counters: make them, and change them while others count. */
import { DAY_MS } from '../../src/contract/history.ts';
import type { Dice } from './dice.ts';
import { BEFORE_MIDNIGHT, type Plan } from './plan.ts';
import type { StoreSide } from './store-side.ts';

/** Longer than any run takes: Redis forgets windows by its own clock, which is not simulated. */
const WINDOWS_MS = [60_000, 600_000, 3_600_000];
const MAX = Number.MAX_SAFE_INTEGER;
/** Histories do not last so long that their clocks come to the day after midnight from noon. */
const QUARTER_DAY_MS = DAY_MS / 4;

export class Owners {
  /** What counters stood at when they were made, of those that no owner has changed since. */
  readonly starts = new Map<string, number>();
  readonly #plan: Plan;
  readonly #dice: Dice;
  readonly #store: StoreSide;

  constructor(plan: Plan, dice: Dice, store: StoreSide) {
    this.#plan = plan;
    this.#dice = dice;
    this.#store = store;
  }

  /** Makes some of the counters; hits make others. */
  async begin(at: number): Promise<void> {
    const dice = this.#dice;
    for (const name of this.#plan.counters) {
      this.starts.set(name, 0);
      if (!dice.yes(this.#plan.limits.countersMax < this.#plan.counters.length ? 0.1 : 0.4))
        continue;
      const total = dice.yes(0.1) ? MAX - 2 : dice.one([0, 100]);
      const made = await this.#store.make(
        name,
        total,
        'owner',
        this.#windowMs(),
        this.#isPrivate(),
        at,
      );
      if (made === 'created') this.starts.set(name, total);
    }
  }

  /** Changes one, as the clock of the replica that does it says `at`. */
  async change(at: number): Promise<void> {
    const dice = this.#dice;
    const name = dice.one(this.#plan.counters);
    const what = dice.next();
    if (what < 0.5) return this.#store.rule(name, this.#windowMs(), this.#isPrivate(), at);
    // Where clocks differ in the day, stores differ in which of a counter's visitors they forget
    // with it.
    if (Math.abs(at - BEFORE_MIDNIGHT) < QUARTER_DAY_MS) return undefined;
    this.starts.delete(name);
    if (what < 0.65) return this.#store.delete(name, at);
    if (what < 0.8) return this.#store.set(name, dice.below(1000), at);
    const owner = dice.one(['owner', 'other']);
    await this.#store.make(name, 10, owner, this.#windowMs(), this.#isPrivate(), at);
  }

  #windowMs(): number {
    return this.#plan.windows && this.#dice.yes(0.6) ? this.#dice.one(WINDOWS_MS) : 0;
  }

  #isPrivate(): boolean {
    return this.#plan.privacy && this.#dice.yes(0.5);
  }
}
