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
  readonly latencies: Latencies;
  /** Visits by who answered them, as `X-Served-By` says. */
  readonly servedBy: ReadonlyMap<string, number>;
  readonly seconds: readonly Second[];
}

/** Counts while the run goes on. `second` is which one of the run, from 0. */
export class Tally {
  readonly latencies = new Latencies();
  readonly servedBy = new Map<string, number>();
  readonly seconds: Second[] = [];

  /** A visit got its number after `ms`, from `servedBy`. */
  answered(second: number, ms: number, servedBy: string | undefined): void {
    this.#at(second).answered++;
    this.latencies.add(ms);
    if (servedBy !== undefined) this.servedBy.set(servedBy, (this.servedBy.get(servedBy) ?? 0) + 1);
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
