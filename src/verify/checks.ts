/**
 * The parts of the judge (`judge.ts`): whether the number of counted visits is possible, which is
 * answered visits <= counted <= answered visits plus requests without a number; visits and reads
 * in progress, which are repeated with the same key until one request is answered; and the set of
 * numbers that visits got.
 */
import { pluralize } from '../plural.ts';
import type { Finding } from './finding.ts';
import type { Frame } from './history.ts';

/** The numbers at the end of a run. */
export interface FinalNumbers extends Omit<Frame, 'mayFail'> {
  /** The number of visits with and without a number. */
  readonly answered: number;
  readonly unanswered: number;
  /** The lowest and the highest number that a visit got. */
  readonly lowest: number;
  readonly highest: number;
}

const visits = (number: number) => pluralize(number, 'visit', String);
const are = (number: number) => `${number} ${number === 1 ? 'is' : 'are'}`;

/** Only without other visitors it is certain which of two causes it was. */
const OWN_COUNTER = 'To find out which, visit a counter of your own with --counter';
const EITHER = `Visits count twice, or somebody else visited. ${OWN_COUNTER}`;

/**
 * The finding on the number of counted visits. With `alone`, a total that changes without our
 * visits is a fault; otherwise it shows that others visit.
 */
export function bounds(ends: FinalNumbers): Finding {
  const { before, after, others, byReads = false, alone = false } = ends;
  const { answered, unanswered, lowest, highest } = ends;
  const check = 'bounds';
  const broken = (count: number, words: string): Finding => ({
    check,
    status: 'broken',
    count,
    words,
  });
  const untested = (words: string): Finding => ({ check, status: 'untested', count: 0, words });
  if (answered > 0 && lowest <= before) {
    return broken(1, `${lowest} was given out, and the counter stood at ${before} before`);
  }
  if (after === undefined) return untested('the counter did not answer at the end');
  if (answered > 0 && highest >= after) {
    return broken(1, `${highest} was given out, and the counter stands at ${after - 1} only`);
  }
  // The visit that read `after` counts, too.
  const counted = after - 1 - before;
  if (counted < answered) {
    return broken(
      answered - counted,
      `${visits(answered)} got a number, and ${are(counted)} counted`,
    );
  }
  if (others && alone) {
    return broken(
      1,
      byReads
        ? 'the total moved while verify did not visit: somebody else counts, or a count came late'
        : 'the total moved by more than verify’s visits: somebody else counts, a count came late, or visits count twice',
    );
  }
  if (others) {
    const numbers = `${are(counted)} counted, ${answered} of them got their number here. Nothing is lost`;
    return untested(
      byReads
        ? `others visit too: ${numbers}`
        : `others visit, or visits count twice: ${numbers}. ${OWN_COUNTER}`,
    );
  }
  const most = answered + unanswered;
  if (counted > most) {
    const numbers = `${visits(answered)} got a number and ${unanswered} did not, and ${are(counted)} counted`;
    return broken(counted - most, alone ? numbers : `${numbers}. ${EITHER}`);
  }
  return { check, status: 'held', count: 0, words: '' };
}

/** A visit or read in progress. */
export interface PendingRequest {
  readonly type: 'hit' | 'read';
  /** The highest number that any client had at its first request. */
  readonly floor: number;
  number?: number;
  /** Why the last request failed, if it did. */
  failure: string | undefined;
}

/** The visits and reads in progress that have a key. */
export class Repeats {
  readonly #underWay = new Map<string, PendingRequest>();
  readonly #tries = new Map<string, number>();
  #keyed = false;

  /** Whether any visit had a key. */
  get keyed(): boolean {
    return this.#keyed;
  }

  /** Failures of requests with a key, by reason. */
  get tries(): ReadonlyMap<string, number> {
    return this.#tries;
  }

  /** A request with this key begins, the first or a repetition. */
  begin(key: string, type: PendingRequest['type'], floor: number): PendingRequest {
    if (type === 'hit') this.#keyed = true;
    const before = this.#underWay.get(key);
    if (before) return before;
    const pending: PendingRequest = { type, floor, failure: undefined };
    this.#underWay.set(key, pending);
    return pending;
  }

  /** A request failed; without a `failure` it read a counter that has no hits. */
  failed(pending: PendingRequest, failure: string | undefined): void {
    pending.failure = failure;
    if (failure !== undefined) this.#tries.set(failure, (this.#tries.get(failure) ?? 0) + 1);
  }

  /**
   * No more requests with this key, or with any, follow. Returns those whose last request failed.
   */
  settle(key?: string): PendingRequest[] {
    const one = key === undefined ? undefined : this.#underWay.get(key);
    const settled = key === undefined ? [...this.#underWay.values()] : one ? [one] : [];
    if (key === undefined) this.#underWay.clear();
    else this.#underWay.delete(key);
    return settled.filter(({ failure }) => failure !== undefined);
  }
}

/** Numbers in one block: 8 kB of bits. */
const BLOCK = 65_536;

/** A set of numbers that takes a bit for each number in its range. */
export class NumberSet {
  readonly #blocks = new Map<number, Uint32Array>();
  #size = 0;

  /** The number of its elements. */
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
