/** The random choices of a history, all from its seed. */
import { Random } from '../faults/random.ts';

export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    // Seeds one after the other would begin alike: a multiplication spreads them (Knuth, TAOCP
    // 6.4).
    this.#random = new Random(Math.imul(seed, 0x9e3779b1));
  }

  /** From 0 to 1. */
  readonly next = (): number => this.#random.next();

  between(min: number, max: number): number {
    return this.#random.between(min, max);
  }

  yes(chance: number): boolean {
    return this.next() < chance;
  }

  /** A whole number from 0, less than `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  one<T>(choices: readonly T[]): T {
    const choice = this.#random.one(choices);
    if (choice === undefined) throw new Error('there is nothing to choose from');
    return choice;
  }
}
