/**
 * The requests that have no response yet, as a linked list: a `Set` makes its tables anew all the time, which cost 2 to 5 % of a visit.
 */
import type { Asked } from '../asked.ts';

/** A request among those that are under way. */
export interface Place {
  readonly asked: Asked;
  before: Place | undefined;
  after: Place | undefined;
}

export class UnderWay {
  #size = 0;
  #last: Place | undefined;

  get size(): number {
    return this.#size;
  }

  enter(asked: Asked): Place {
    const place: Place = { asked, before: undefined, after: undefined };
    this.reenter(place);
    return place;
  }

  /** After `leave`, the same request is under way again. */
  reenter(place: Place): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last) this.#last.after = place;
    this.#last = place;
    this.#size++;
  }

  /** To be called once after each `enter` and `reenter`. */
  leave(place: Place): void {
    const { before, after } = place;
    if (before) before.after = after;
    if (after) after.before = before;
    else this.#last = before;
    this.#size--;
  }

  /** All of them, the latest first. */
  *[Symbol.iterator](): Generator<Asked> {
    for (let place = this.#last; place; place = place.before) yield place.asked;
  }
}
