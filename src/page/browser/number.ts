/** The live number in the sentence. The visitor's own number, below it, does not change. */

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
