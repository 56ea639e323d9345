/** The parts of a counter's page: the number, the line below it, the chart and the visitors. */
import { Task } from '../ask.ts';
import { pathOf } from '../counters.ts';
import { History } from './history.ts';
import { LiveNumber, Status } from './status.ts';
import { showDifference, showVisitors } from './visitors.ts';

/**
 * The shortest interval between updates of changed data: the chart need not move with each visit.
 */
const PAST_EVERY_MS = 15_000;
/** The longest interval between updates, even without visits, because a new hour begins. */
const PAST_AT_LEAST_MS = 5 * 60_000;

export class CounterView {
  readonly status = new Status();
  /** Requests the chart and the visitors, when the total has changed. */
  readonly past = new Task(PAST_EVERY_MS, () => this.#refresh());
  readonly #number = new LiveNumber();
  readonly #history = new History();
  readonly #path: string;
  readonly #token: string | undefined;
  #changed = true;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** A private counter needs its owner's token. */
  constructor(counter: string, token?: string) {
    this.#path = pathOf(counter);
    this.#token = token;
    this.#history.open(this.#path, token);
    this.#history.onStep = () => {
      this.#changed = true;
      this.past.now();
    };
  }

  /** Shows a total. */
  total(total: number): void {
    this.#changed = this.#number.show(total) || this.#changed;
  }

  async #refresh(): Promise<number | undefined> {
    if (!this.#changed && performance.now() - this.#askedAt < PAST_AT_LEAST_MS) return undefined;
    this.#changed = false;
    this.#askedAt = performance.now();
    const [path, token, { total }] = [this.#path, this.#token, this.#number];
    const [fresh, visitors] = await Promise.all([
      this.#history.refresh({ unvisited: total === 0 }),
      showVisitors(path, token),
    ]);
    if (visitors.data) await showDifference(path, token, visitors.data, total);
    this.status.requestEnded(fresh);
    // Retry after a failure.
    this.#changed ||= fresh.failed !== undefined && fresh.failed !== 'refused';
    return fresh.againMs ?? visitors.againMs;
  }
}
