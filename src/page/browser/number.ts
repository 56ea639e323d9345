/** The number of the sentence, which runs on. The visitor's own, below it, does not. */

export class Running {
  readonly #element = document.getElementById('number');
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');

  /**
   * Shows a total; answers whether it is another one. Without separators: the sentence is what it
   * is.
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
