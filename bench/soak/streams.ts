/**
 * Listeners to `/live` that come and go: a fixed number at once, each on one counter for some
 * seconds.
 */
import type { Random } from '../../test/faults/random.ts';
import { Listener } from '../../test/support/event-source.ts';
import { counters } from './visits.ts';

/** At once, over all replicas. */
const LISTENERS = 20;
const STAY_MIN_MS = 5000;
const STAY_MAX_MS = 30_000;

/** The listeners of a run. */
export class Streams {
  /** The number of streams, and of the events that they received. */
  streams = 0;
  events = 0;
  /** The mistakes: totals that went back, and listeners that were refused. */
  readonly wrong: string[] = [];
  readonly #url: string;
  readonly #random: Random;
  #over = false;

  constructor(url: string, random: Random) {
    this.#url = url;
    this.#random = random;
  }

  /** Listens until `stop` is called. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LISTENERS }, () => this.#listenOn()));
  }

  stop(): void {
    this.#over = true;
  }

  async #listenOn(): Promise<void> {
    const names = [...counters().keys()];
    while (!this.#over) {
      const name = this.#random.one(names) ?? 'hits';
      const until = performance.now() + this.#random.between(STAY_MIN_MS, STAY_MAX_MS);
      await using listener = new Listener(`${this.#url}/live?counters=${name}`);
      while (!this.#over && performance.now() < until) await Bun.sleep(200);
      this.#note(name, listener);
    }
  }

  #note(name: string, { totals, servedBy, refused }: Listener): void {
    this.streams += servedBy.length;
    this.events += totals.length;
    if (refused !== undefined) this.wrong.push(`a listener to ${name} was answered ${refused}`);
    const back = totals.findIndex((total, index) => total < (totals[index - 1] ?? 0));
    if (back !== -1)
      this.wrong.push(`a listener to ${name} was told ${totals[back]} after ${totals[back - 1]}`);
  }
}
