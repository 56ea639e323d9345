/**
 * The requests in progress, as a linked list: a `Set` rebuilds its tables all the time, which cost
 * 2 to 5 % of a visit.
 */
import type { RequestState } from './state.ts';

export class UnderWay {
  #last: RequestState | undefined;

  enter(state: RequestState): void {
    state.before = this.#last;
    if (this.#last) this.#last.after = state;
    this.#last = state;
  }

  /** Call it once after each `enter`. */
  leave({ before, after }: RequestState): void {
    if (before) before.after = after;
    if (after) after.before = before;
    else this.#last = before;
  }

  /**
   * All of them, the latest first, without those whose body has not arrived, which may take
   * forever.
   */
  *[Symbol.iterator](): Generator<RequestState> {
    for (let state = this.#last; state; state = state.before) if (!state.lacksBody) yield state;
  }
}
