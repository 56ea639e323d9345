/**
 * The live number, and the line below it: whether it is live, and if not, why. The visitor’s own
 * number does not change.
 */
import { counted, formatNumber, labelFor } from '../../../languages/format.ts';
import type { JsonAnswer } from '../ask.ts';
import { pageLanguage } from '../data.ts';
import type { LiveState } from './live.ts';
import { counterTexts } from './texts.ts';
import { type Reachability, statusText } from './words.ts';

/** The line below the number. */
export class Status {
  readonly #element = document.getElementById('status');
  readonly #texts = counterTexts();
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
    const [state, text] = statusText(known, this.#texts);
    const element = this.#element;
    // Screen readers must not read the same text twice.
    if (!element || element.textContent === text) return;
    element.textContent = text;
    if (state) element.dataset['state'] = state;
    else delete element.dataset['state'];
  }
}

/** The number, in the sentence of `/` or below the title of a counter. */
export class LiveNumber {
  readonly #element = document.getElementById('number');
  /** The word after the number; `null` in the sentence of `/`, which has none. */
  readonly #label = document.getElementById('label');
  readonly #site = document.getElementById('title')?.textContent;
  readonly #texts = counterTexts();
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #total = Number(this.#element?.dataset['total']);

  /** The total that is shown. */
  get total(): number {
    return this.#total;
  }

  /**
   * Shows a total and returns whether it changed. In the sentence it has no separators, because
   * the sentence is fixed.
   */
  show(total: number): boolean {
    const element = this.#element;
    if (!element || total === this.#total) return false;
    const [language, { visits, seen }] = [pageLanguage(), this.#texts];
    this.#total = total;
    element.textContent = this.#label ? formatNumber(total, language) : `${total}`;
    element.dataset['digits'] = `${`${total}`.length}`;
    if (this.#label) this.#label.textContent = labelFor(visits, total, language);
    document.title = this.#label
      ? `${this.#site} – ${counted(visits, total, language)}`
      : counted(seen, total, language);
    if (!this.#still.matches) element.animate([{ opacity: 0.45 }, { opacity: 1 }], 350);
    return true;
  }
}
