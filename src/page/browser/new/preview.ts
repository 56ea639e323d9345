/** The preview: the picture itself, or the text that a page would show. It never counts. */
import { fill } from '../../../languages/format.ts';
import { pageLanguage } from '../data.ts';
import { type Fields, type Kind, picturePath, textOf } from './code.ts';
import type { Opened } from './counters.ts';
import { byId, say } from './elements.ts';
import type { Texts } from './texts.ts';

/** A picture is requested when nothing has changed for this time. */
const SETTLE_MS = 150;
/** Badges are shown larger than they are. */
const SCALE = 3;

export class Preview {
  readonly #words: Texts;
  readonly #picture = byId('picture') as HTMLImageElement;
  readonly #shown = byId('shown');
  #source = '';
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(words: Texts) {
    this.#words = words;
    const picture = this.#picture;
    picture.addEventListener('load', () => {
      if (new URL(picture.src).pathname.startsWith('/badge/'))
        picture.width = SCALE * picture.naturalWidth;
      else picture.removeAttribute('width');
    });
  }

  /** Shows what these fields make. */
  show(kind: Kind, fields: Fields, counter: Opened): void {
    const isPicture = (kind === 'badge' || kind === 'chart') && !counter.private;
    this.#picture.hidden = !isPicture;
    this.#shown.hidden = isPicture;
    this.#shown.dataset['kind'] = kind;
    if (isPicture) this.#load(kind, fields, counter);
    else say(this.#shown, this.#textOf(kind, fields, counter));
  }

  #load(kind: 'badge' | 'chart', fields: Fields, { name, total }: Opened): void {
    this.#picture.alt = textOf(kind, fields, this.#words);
    const path = picturePath(kind, name, { ...fields, only: 'on' });
    // Seen ignores `at`. With it the browser requests the picture again when the total changes.
    const source = `${path}${path.includes('?') ? '&' : '?'}at=${total}`;
    if (source === this.#source) return;
    this.#source = source;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      this.#picture.src = source;
    }, SETTLE_MS);
  }

  #textOf(kind: Kind, fields: Fields, { name, private: hidden, total }: Opened): string {
    const words = this.#words;
    if (kind === 'pixel') return words.invisible;
    if (kind === 'api') return JSON.stringify({ name, value: total ?? null });
    if (hidden) return words.hidden;
    const number = (total ?? 0).toLocaleString(pageLanguage());
    if (kind === 'stream') return number;
    return fill('numberOnly' in fields ? words.reading : words.sentence, { number });
  }
}
