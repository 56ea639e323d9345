/**
 * The builder: reads the form, and shows the preview and the code that follow from it. The number
 * in the preview is live.
 */

import { Live } from '../counter/live.ts';
import { linkTo } from '../data.ts';
import { isVisible, whileVisible } from '../visible.ts';
import { codeOf, type Fields, type Format, type Kind, picturePath } from './code.ts';
import { bindCopy } from './copy.ts';
import type { Opened } from './counters.ts';
import { byId, formById, say } from './elements.ts';
import { bindOptions, validFields } from './options.ts';
import { Preview } from './preview.ts';
import type { Texts } from './texts.ts';

/** The fields of a badge that shows the plain total and does not count. */
const AS_IT_IS: Fields = { only: 'on', show: 'total', number: 'plain' };

export class Builder {
  readonly #words: Texts;
  readonly #embedPath: string;
  readonly #preview: Preview;
  readonly #form = formById('builder');
  /** The format that the visitor chose, also while a kind does not have it. */
  #format: Format = 'html';
  #counter: Opened | undefined;
  #live: Live | undefined;

  constructor(words: Texts, embedPath: string) {
    this.#words = words;
    this.#embedPath = embedPath;
    this.#preview = new Preview(words);
    bindCopy('copy', 'snippet', 'copied', words);
    bindOptions(this.#form);
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('input', ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === 'format')
        this.#format = target.value as Format;
      this.#render();
    });
    whileVisible((visible) => this.#run(visible));
  }

  /** Shows the code for a counter. */
  open(counter: Opened): void {
    const { name, private: hidden } = counter;
    this.#counter = counter;
    byId('code').hidden = false;
    byId('private-note').hidden = !hidden;
    byId('statistics').setAttribute('href', linkTo(name === 'hits' ? '/' : `/c/${name}`));
    byId('owner').setAttribute('href', linkTo(`/manage#${name}`));
    // The only kind that loses nothing without its number.
    if (hidden) this.#check('kind', 'pixel');
    else {
      this.#showStyles(name);
      this.#live = new Live(name, {
        total: (total) => {
          this.#counter = { ...counter, total };
          this.#render();
        },
        state: () => undefined,
      });
    }
    this.#run(isVisible());
    this.#render();
  }

  /** A hidden page has no stream. */
  #run(visible: boolean): void {
    if (visible) this.#live?.open();
    else this.#live?.close();
  }

  #render(): void {
    const counter = this.#counter;
    if (!counter) return;
    const fields = validFields(this.#form, this.#words);
    const kind = fields['kind'] as Kind;
    for (const element of this.#form.querySelectorAll<HTMLElement>('[data-for]'))
      element.hidden = element.dataset['for'] !== kind;
    say(byId('snippet'), this.#code(kind, fields, counter));
    this.#preview.show(kind, fields, counter);
  }

  /** The code in the chosen format, or in the first that this kind has. */
  #code(kind: Kind, fields: Fields, counter: Opened): string {
    const codes = codeOf(kind, fields, {
      origin: location.origin,
      embedPath: this.#embedPath,
      counter: counter.name,
      private: counter.private,
      words: this.#words,
    });
    const formats = Object.keys(codes) as Format[];
    const [first = 'html'] = formats;
    const format = this.#format in codes ? this.#format : first;
    byId('formats').hidden = formats.length === 1;
    for (const input of this.#inputs('format')) {
      const label = input.closest('label');
      if (label) label.hidden = !(input.value in codes);
    }
    this.#check('format', format);
    return codes[format] ?? '';
  }

  #showStyles(name: string): void {
    for (const picture of this.#form.querySelectorAll<HTMLImageElement>('img[data-style]')) {
      const look = { style: picture.dataset['style'] ?? '', label: this.#words.label };
      picture.src = picturePath('badge', name, { ...AS_IT_IS, ...look });
      picture.hidden = false;
    }
  }

  #inputs(name: string): NodeListOf<HTMLInputElement> {
    return this.#form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`);
  }

  #check(name: string, value: string): void {
    for (const input of this.#inputs(name)) input.checked = input.value === value;
  }
}
