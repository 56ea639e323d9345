/**
 * What a run has come to, besides the judgement: latencies, who answered, and each second by
 * itself.
 */
import { Latencies } from './latencies.ts';

/** What one second of the run was like. */
export interface SecondFigures {
  answered: number;
  failed: number;
}

/** What a run has come to; changes while it goes on. */
export interface Figures {
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  /** For how many milliseconds visits were sent; what was waited for after that is not in it. */
  readonly sendingMs: number;
  readonly answered: number;
  readonly failures: ReadonlyMap<string, number>;
  /** How requests failed that were to be repeated under their keys. */
  readonly tries: ReadonlyMap<string, number>;
  /**
   * How many visits were asked for again when they had been answered already, and were answered
   * again.
   */
  readonly compared: number;
  readonly latencies: Latencies;
  /** Who answered visits, as `X-Served-By` says, in the order of their first answers. */
  readonly servedBy: ReadonlyMap<string, Presence>;
  readonly seconds: readonly SecondFigures[];
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
/**
 * A replica was not there when so many visits, for each other one that was, were answered without
 * it.
 */
const WITHOUT_IT = 20;

/** Who came and who went, in the order of time. */
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

/** Counts while the run goes on. `second` is which one of the run, from 0. */
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

  /** A visit or a read got none. */
  failed(second: number): void {
    this.#at(second).failed++;
  }

  #at(second: number): SecondFigures {
    while (this.seconds.length < second) this.seconds.push({ answered: 0, failed: 0 });
    return (this.seconds[second] ??= { answered: 0, failed: 0 });
  }
}
