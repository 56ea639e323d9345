/** The events of a history: counted by name, and printed when a single seed runs. */
import type { Timeline } from './timeline.ts';

/** Is told what happens, a line each. */
export type Trace = (what: string) => void;

export class Journal {
  /** How often what has happened: shows that a run has met all that it should. */
  readonly counts = new Map<string, number>();
  readonly #timeline: Timeline;
  readonly #trace: Trace | undefined;

  constructor(timeline: Timeline, trace: Trace | undefined) {
    this.#timeline = timeline;
    this.#trace = trace;
  }

  /**
   * Tells without counting. Nobody listens in most histories, so `what` is made up only where
   * somebody does.
   */
  say(what: () => string): void {
    this.#trace?.(`${this.#timeline.now.toFixed(1)} ms: ${what()}`);
  }

  count(what: string): void {
    this.say(() => what);
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
