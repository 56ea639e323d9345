/** The line below the number: whether it is live, and if not, why. */
import type { JsonAnswer } from './ask.ts';
import type { LiveState } from './live.ts';
import { type Reachability, statusText } from './words.ts';

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
