/**
 * A set of whole numbers that takes one bit for each where they are close together, as the numbers
 * of visits are: a hundred million of them in some 13 MB.
 */

/** Numbers in one block: 8 kB of bits. */
const BLOCK = 65_536;

export class NumberSet {
  readonly #blocks = new Map<number, Uint32Array>();
  #size = 0;

  /** How many numbers are in it. */
  get size(): number {
    return this.#size;
  }

  /** Adds a number; `false` when it was there already. */
  add(number: number): boolean {
    const at = Math.floor(number / BLOCK);
    let block = this.#blocks.get(at);
    if (!block) {
      block = new Uint32Array(BLOCK / 32);
      this.#blocks.set(at, block);
    }
    const offset = number - at * BLOCK;
    const [word, bit] = [offset >>> 5, 1 << (offset & 31)];
    const bits = block[word] ?? 0;
    if ((bits & bit) !== 0) return false;
    block[word] = bits | bit;
    this.#size++;
    return true;
  }
}
