/** One line below the number: whether it is live, and if not, why. */
import type { JsonAnswer } from './ask.ts';
import type { LiveState } from './live.ts';
import { lineOf, type Reachability } from './words.ts';

export class Status {
  readonly #element = document.getElementById('status');
  #known: Reachability = {};

  /** How the live connection is. */
  live(live: LiveState): void {
    this.#show({ ...this.#known, live });
  }

  /** What came of asking for something else: it may know better. */
  asked({ failed }: JsonAnswer<unknown>): void {
    this.#show({
      ...this.#known,
      asked: failed === 'away' || failed === 'unreachable' ? failed : 'told',
    });
  }

  #show(known: Reachability): void {
    this.#known = known;
    const [state, text] = lineOf(known);
    const element = this.#element;
    // Nothing is read out twice.
    if (!element || element.textContent === text) return;
    element.textContent = text;
    if (state) element.dataset['state'] = state;
    else delete element.dataset['state'];
  }
}
