/**
 * Where Redis' HyperLogLog puts a visitor: which of its registers, and how far it would raise it.
 *
 * The same arithmetic as Redis' (MurmurHash64A of Austin Appleby with the seed of PFADD, 14 bits for the register), so that a replica can tell
 * whom Redis would not notice. In halves of 32 bits, for JavaScript's numbers carry no 64. Not here: what is done with it (`visitors.ts`).
 */

/** How many registers there are. */
export const REGISTERS = 1 << 14;

const SEED = 0xadc83b19;
const LOW = 0x5bd1e995;
const HIGH = 0xc6a4a793;
const LOW_0 = LOW & 0xffff;
const LOW_1 = LOW >>> 16;

/** The upper half of the product of this number and the hash's multiplier; the lower one is that of `Math.imul`. */
function timesHigh(low: number, high: number): number {
  const low0 = low & 0xffff;
  const low1 = low >>> 16;
  const middle = low1 * LOW_0 + ((low0 * LOW_0) >>> 16);
  const carried = low0 * LOW_1 + (middle & 0xffff);
  return (
    (low1 * LOW_1 + (middle >>> 16) + (carried >>> 16) + Math.imul(low, HIGH) + Math.imul(high, LOW)) | 0
  );
}

/** Four characters as a number, the first in its lowest byte; past the end zero. */
function four(text: string, at: number, end: number): number {
  let number = 0;
  for (let index = Math.min(at + 4, end) - 1; index >= at; index--) {
    number = (number << 8) | text.charCodeAt(index);
  }
  return number;
}

function zerosBelow(number: number): number {
  return 31 - Math.clz32(number & -number);
}

/** The cell of a text of ASCII characters: its register in the upper bits, and in the lowest six how high it would set that (1 to 51). */
export function cellOf(text: string): number {
  const { length } = text;
  let low = Math.imul(length, LOW) ^ SEED;
  let high = timesHigh(length, 0);
  const whole = length & ~7;
  for (let at = 0; at < whole; at += 8) {
    let blockLow = four(text, at, length);
    const blockHigh = timesHigh(blockLow, four(text, at + 4, length));
    blockLow = Math.imul(blockLow, LOW) ^ (blockHigh >>> 15);
    high ^= timesHigh(blockLow, blockHigh);
    low ^= Math.imul(blockLow, LOW);
    high = timesHigh(low, high);
    low = Math.imul(low, LOW);
  }
  if (whole < length) {
    low ^= four(text, whole, length);
    high ^= four(text, whole + 4, length);
    high = timesHigh(low, high);
    low = Math.imul(low, LOW);
  }
  low ^= high >>> 15;
  high = timesHigh(low, high);
  low = Math.imul(low, LOW) ^ (high >>> 15);
  const rest = low >>> 14;
  const zeros = rest !== 0 ? zerosBelow(rest) : high !== 0 ? 18 + zerosBelow(high) : 50;
  return ((low & (REGISTERS - 1)) << 6) | (zeros + 1);
}
