/**
 * The live number in the sentence, and the line below it: whether it is live, and if not, why. The
 * visitor’s own number does not change.
 */
import type { JsonAnswer } from './ask.ts';
import type { LiveState } from './live.ts';
import { type Reachability, statusText } from './words.ts';

/** The line below the sentence. */
export class Status {
  readonly #element = document.getElementById('status');
  #known: Reachability = {};

  /** Sets the state of the live connection. */
  live(live: LiveState): void {
    this.#show({ ...this.#known, live });
  }

  /** Sets the result of another request, which may know more. */
  requestEnded({ failed }: JsonAnswer<unknown>): void {
    this.#show({
      ...this.#known,
      lastRequest: failed === 'away' || failed === 'unreachable' ? failed : 'answered',
    });
  }

  #show(known: Reachability): void {
    this.#known = known;
    const [state, text] = statusText(known);
    const element = this.#element;
    // Screen readers must not read the same text twice.
    if (!element || element.textContent === text) return;
    element.textContent = text;
    if (state) element.dataset['state'] = state;
    else delete element.dataset['state'];
  }
}

/** The number in the sentence. */
export class LiveNumber {
  readonly #element = document.getElementById('number');
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');

  /**
   * Shows a total and returns whether it changed. It has no separators, because the sentence is
   * fixed.
   */
  show(total: number): boolean {
    const element = this.#element;
    if (!element || element.textContent === `${total}`) return false;
    element.textContent = `${total}`;
    element.dataset['digits'] = `${`${total}`.length}`;
    document.title = document.title.replace(
      /-?\d+ times?$/,
      `${total} ${total === 1 ? 'time' : 'times'}`,
    );
    if (!this.#still.matches) element.animate([{ opacity: 0.45 }, { opacity: 1 }], 350);
    return true;
  }
}
