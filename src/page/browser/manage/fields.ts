/** The fields for the settings of a counter, in the form that creates one and in its view. */
import type { Settings } from '../counters.ts';
import { el, field } from './elements.ts';
import { duration, words } from './texts.ts';

/** Windows to choose from, in seconds: each visit, five minutes, half an hour, an hour, a day. */
const WINDOWS = [0, 300, 1800, 3600, 86_400];
/** The longest title and link that the API takes. */
const TITLE_MAX = 100;
const LINK_MAX = 500;

/** The fields, filled with settings. */
export class SettingFields {
  readonly #from: Settings;
  readonly #title: HTMLInputElement;
  readonly #link: HTMLInputElement;
  readonly #window: HTMLSelectElement;
  readonly #private: HTMLInputElement | undefined;

  /** The default counter cannot be private: then `mayBePrivate` is false. */
  constructor(from: Settings, mayBePrivate: boolean) {
    this.#from = from;
    this.#title = el('input', {
      maxlength: TITLE_MAX,
      value: from.title ?? '',
      autocomplete: 'off',
    });
    this.#link = el('input', {
      type: 'url',
      maxlength: LINK_MAX,
      value: from.link ?? '',
      pattern: 'https?://.+',
      placeholder: 'https://',
      autocomplete: 'off',
    });
    this.#window = windowSelect(from.window);
    if (mayBePrivate) this.#private = el('input', { type: 'checkbox', checked: from.private });
  }

  /** The fields with their labels. */
  elements(): Node[] {
    const { title, titleHint, link, linkHint, window, windowHint, hidden, hiddenHint } =
      words().settings;
    return [
      field(title, this.#title, titleHint),
      field(link, this.#link, linkHint),
      field(window, this.#window, windowHint),
      ...(this.#private ? [field(hidden, this.#private, hiddenHint)] : []),
    ];
  }

  /** The settings that differ from those at first. */
  changes(): Partial<Settings> {
    const now: Settings = {
      title: this.#title.value.trim() || null,
      link: this.#link.value.trim() || null,
      window: Number(this.#window.value),
      private: this.#private?.checked ?? this.#from.private,
    };
    const from = this.#from;
    return Object.fromEntries(
      Object.entries(now).filter(([name, value]) => value !== from[name as keyof Settings]),
    );
  }
}

/** The window of a counter may be one that is not in the list. */
function windowSelect(current: number): HTMLSelectElement {
  const { everyVisit } = words().settings;
  const seconds = [...new Set([...WINDOWS, current])].toSorted((a, b) => a - b);
  return el(
    'select',
    {},
    ...seconds.map((value) =>
      el(
        'option',
        { value, selected: value === current },
        value === 0 ? everyVisit : duration(value),
      ),
    ),
  );
}
