/** What a run has come to, besides the judgement: latencies, who answered, and each second by itself. */
import { Latencies } from './latencies.ts';

/** What one second of the run was like. */
export interface Second {
  answered: number;
  failed: number;
}

/** What a run has come to; changes while it goes on. */
export interface Figures {
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  readonly answered: number;
  readonly failures: ReadonlyMap<string, number>;
  /** How many requests were sent again under the key of an earlier one. */
  readonly repeated: number;
  readonly latencies: Latencies;
  /** Who answered visits, as `X-Served-By` says, in the order of their first answers. */
  readonly servedBy: ReadonlyMap<string, Presence>;
  readonly seconds: readonly Second[];
}

/** How many visits one replica answered, and in which second first and last. */
export interface Presence {
  answered: number;
  readonly first: number;
  last: number;
}

/** A replica that began to answer in the middle of the run, or that answers no more. */
export interface Change {
  readonly second: number;
  readonly name: string;
  readonly what: 'came' | 'went';
}

/** Who answers first in so many seconds was there from the beginning. */
const BEGINNING_S = 3;
/** A replica is gone when so many visits, for each replica, were answered without it. */
const WITHOUT_IT = 20;

/** Who came and who went, in the order of time. */
export function changes({ servedBy, seconds }: Pick<Figures, 'servedBy' | 'seconds'>): Change[] {
  const found: Change[] = [];
  for (const [name, { first, last }] of servedBy) {
    if (first >= BEGINNING_S) found.push({ second: first, name, what: 'came' });
    let without = 0;
    for (let second = last + 1; second < seconds.length; second++) {
      without += seconds[second]?.answered ?? 0;
      if (without < WITHOUT_IT * servedBy.size) continue;
      found.push({ second: last, name, what: 'went' });
      break;
    }
  }
  return found.toSorted((a, b) => a.second - b.second);
}

/** Counts while the run goes on. `second` is which one of the run, from 0. */
export class Tally {
  readonly latencies = new Latencies();
  readonly servedBy = new Map<string, Presence>();
  readonly seconds: Second[] = [];

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

  /** A visit or a read got none. */
  failed(second: number): void {
    this.#at(second).failed++;
  }

  #at(second: number): Second {
    while (this.seconds.length < second) this.seconds.push({ answered: 0, failed: 0 });
    return (this.seconds[second] ??= { answered: 0, failed: 0 });
  }
}
