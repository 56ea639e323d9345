/** The progress of work that takes long, with a button that stops it. */
import { button, el } from '../elements.ts';
import { words } from '../texts.ts';

export class Progress {
  readonly element: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #text = el('p', { class: 'note' });
  #control = new AbortController();

  /** `label` names the work. */
  constructor(label: string) {
    this.#bar = el('progress', { max: 1, 'aria-label': label });
    this.element = el(
      'div',
      { class: 'progress', hidden: true },
      this.#bar,
      this.#text,
      button(words().stop, () => this.stop()),
    );
  }

  /** Shows the bar. The returned signal tells that the work was stopped. */
  begin(): AbortSignal {
    this.#control = new AbortController();
    this.to(undefined, '');
    this.element.hidden = false;
    return this.#control.signal;
  }

  /** Shows how much is done, from 0 to 1; `undefined` when nobody knows. */
  to(part: number | undefined, text: string): void {
    if (part === undefined) this.#bar.removeAttribute('value');
    else this.#bar.value = Math.min(1, part);
    this.#text.textContent = text;
  }

  /** Stops the work, if there is any. */
  stop(): void {
    this.#control.abort();
  }

  end(): void {
    this.element.hidden = true;
  }
}
