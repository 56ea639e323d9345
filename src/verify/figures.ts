/**
 * The figures of a run: latencies, replicas, and the events of each second.
 *
 * Latencies take bounded memory: they are counts in buckets that grow by a twentieth, so that a
 * percentile is accurate within 5 %. The idea is HdrHistogram’s (http://hdrhistogram.org).
 */

/** One second of the run. */
export interface SecondFigures {
  answered: number;
  failed: number;
}

/** The figures of a run; they change while it runs. */
export interface Figures {
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  /**
   * The time in which visits were sent, in milliseconds, without the wait for the last answers.
   */
  readonly sendingMs: number;
  readonly answered: number;
  readonly failures: ReadonlyMap<string, number>;
  /** Failures of requests with a key, by reason. */
  readonly tries: ReadonlyMap<string, number>;
  /** The number of answered visits that were repeated and answered again. */
  readonly compared: number;
  readonly latencies: Latencies;
  /**
   * The replicas that answered visits, from `X-Served-By`, in the order of their first answers.
   */
  readonly servedBy: ReadonlyMap<string, Presence>;
  readonly seconds: readonly SecondFigures[];
}

/**
 * The number of visits that one replica answered, and the seconds of its first and last answer.
 */
export interface Presence {
  answered: number;
  readonly first: number;
  last: number;
}

/** A replica that began or ceased to answer during the run. */
export interface Change {
  readonly second: number;
  readonly name: string;
  readonly what: 'came' | 'went';
}

/** A replica that answers within this many seconds was there from the beginning. */
const BEGINNING_S = 3;
/** A replica counts as absent when this many visits per other replica were answered without it. */
const WITHOUT_IT = 20;

/** The replicas that came and went, in order of time. */
export function changes({ servedBy, seconds }: Pick<Figures, 'servedBy' | 'seconds'>): Change[] {
  const found: Change[] = [];
  for (const [name, { first, last }] of servedBy) {
    const all = [...servedBy.values()];
    const earlier = all.filter((other) => other.first < first).length;
    const later = all.filter((other) => other.last > last).length;
    if (first >= BEGINNING_S && answeredIn(seconds, 0, first, WITHOUT_IT * earlier)) {
      found.push({ second: first, name, what: 'came' });
    }
    if (later > 0 && answeredIn(seconds, last + 1, seconds.length, WITHOUT_IT * later)) {
      found.push({ second: last, name, what: 'went' });
    }
  }
  return found.toSorted((a, b) => a.second - b.second);
}

/** Whether at least so many visits were answered in these seconds. */
function answeredIn(
  seconds: readonly SecondFigures[],
  from: number,
  to: number,
  enough: number,
): boolean {
  let answered = 0;
  for (let second = from; second < to && answered < enough; second++)
    answered += seconds[second]?.answered ?? 0;
  return answered >= enough;
}

/** Collects the figures of a run. `second` counts from 0. */
export class Tally {
  readonly latencies = new Latencies();
  readonly servedBy = new Map<string, Presence>();
  readonly seconds: SecondFigures[] = [];

  /** A visit got its number after `ms`, from `servedBy`. */
  answered(second: number, ms: number, servedBy: string | undefined): void {
    this.#at(second).answered++;
    this.latencies.add(ms);
    if (servedBy === undefined) return;
    const presence = this.servedBy.get(servedBy);
    if (!presence) {
      this.servedBy.set(servedBy, { answered: 1, first: second, last: second });
      return;
    }
    presence.answered++;
    presence.last = second;
  }

  /** A visit or a read failed. */
  failed(second: number): void {
    this.#at(second).failed++;
  }

  #at(second: number): SecondFigures {
    while (this.seconds.length < second) this.seconds.push({ answered: 0, failed: 0 });
    return (this.seconds[second] ??= { answered: 0, failed: 0 });
  }
}

/** The upper end of each bucket, relative to the one before. */
const GROWTH = 1.05;
/** The upper end of the first bucket, in milliseconds. */
const SMALLEST_MS = 0.01;

/** Latencies, counted in buckets. */
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

  /** The latency that `share` of all (0 to 1) do not exceed, in ms; 0 when there are none. */
  percentileMs(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [at, count] of this.#buckets.entries()) {
      left -= count ?? 0;
      if (left <= 0 && this.#count > 0) return Math.min(SMALLEST_MS * GROWTH ** at, this.#longest);
    }
    return 0;
  }
}
