/**
 * Latencies of requests in bounded memory: counts in buckets that grow by a twentieth, so that a
 * percentile is accurate within 5 %. The idea is HdrHistogram's (http://hdrhistogram.org).
 */

const GROWTH = 1.05;
/** The upper end of the first bucket, in milliseconds. */
const SMALLEST_MS = 0.01;

export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;
  #longest = 0;

  get longestMs(): number {
    return this.#longest;
  }

  add(ms: number): void {
    const at = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH));
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#count++;
    this.#longest = Math.max(this.#longest, ms);
  }

  /** `share` of all took so many milliseconds at the most; 0 when there are none. */
  percentileMs(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [at, count] of this.#buckets.entries()) {
      left -= count ?? 0;
      if (left <= 0 && this.#count > 0) return Math.min(SMALLEST_MS * GROWTH ** at, this.#longest);
    }
    return 0;
  }
}
