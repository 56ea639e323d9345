/**
 * Decides which view the page shows: that of the counter in the fragment of the URL, which is not
 * sent to the server, the list of all counters, or the form for a token.
 */
import { fill } from '../../../languages/format.ts';
import { isName } from '../counters.ts';
import { forgetToken, installationToken, ownCounters, tokenFor } from '../tokens.ts';
import { isVisible, whileVisible } from '../visible.ts';
import { exportSection } from './archive/export.ts';
import { importSection } from './archive/import.ts';
import { CounterView } from './counter.ts';
import { createCounter } from './create.ts';
import { deleteMany } from './delete.ts';
import { button, type Child, el, section } from './elements.ts';
import { List } from './list.ts';
import { Message } from './messages.ts';
import { Past } from './past.ts';
import { signIn } from './sign-in.ts';
import { words } from './texts.ts';

export class Shell {
  readonly #place: HTMLElement;
  readonly #heading: HTMLElement;
  readonly #past = new Past();
  readonly #bar = el('nav', { class: 'bar', 'aria-label': words().title });
  readonly #message = new Message();
  readonly #body = el('div');
  #view: CounterView | undefined;
  #list: List | undefined;
  #overview: HTMLElement | undefined;
  /** The counter whose view was shown last. */
  #last = '';
  /** What the next view is to say. */
  #said = '';

  /** `heading` is the page's first heading. */
  constructor(place: HTMLElement, heading: HTMLElement) {
    this.#place = place;
    this.#heading = heading;
  }

  /** Shows the view for the URL, and follows it from now on. */
  start(): void {
    this.#place.append(this.#bar, this.#message.element, this.#body);
    addEventListener('hashchange', () => this.#change());
    whileVisible((visible) => this.#view?.run(visible));
    this.#show();
  }

  /** Shows another view, for screen readers too: what had the focus is gone. */
  #change(): void {
    this.#message.clear();
    this.#show();
    this.#heading.focus();
    if (this.#said) this.#message.say(this.#said);
    this.#said = '';
  }

  #show(): void {
    this.#view?.close();
    this.#view = undefined;
    const wanted = wantedCounter();
    if (wanted !== undefined && tokenFor(wanted) !== undefined) this.#showCounter(wanted);
    else if (wanted === undefined && installationToken() !== undefined) this.#showList();
    else this.#showSignIn(wanted);
  }

  #showCounter(name: string): void {
    this.#past.open(name);
    this.#view = new CounterView(name, this.#past, {
      deleted: () => {
        forgetToken(name);
        this.#go('', fill(words().remove.done, { name }));
      },
      refused: () => {
        forgetToken(ownCounters().includes(name) ? name : undefined);
        this.#change();
        this.#message.warn(words().errors.token);
      },
    });
    this.#last = name;
    this.#fill(name, this.#view.element);
    this.#view.run(isVisible());
  }

  #showList(): void {
    this.#list ??= new List();
    const list = this.#list;
    this.#overview ??= overviewOf(list);
    this.#fill(words().list.title, this.#overview);
    void list.refresh().then(() => list.focusOn(this.#last));
  }

  #showSignIn(wanted: string | undefined): void {
    const title = wanted ?? words().title;
    this.#fill(
      title,
      signIn(wanted, (counter) => this.#go(counter ?? wanted ?? '')),
    );
  }

  /** Shows a view under this title. */
  #fill(title: string, view: HTMLElement): void {
    this.#heading.textContent = title;
    document.title = title === words().title ? title : `${title} – ${words().title}`;
    this.#bar.replaceChildren(...this.#links());
    this.#body.replaceChildren(view);
  }

  #links(): Node[] {
    const { all, others } = words().counter;
    const back = installationToken() === undefined ? others : all;
    const isKnown = installationToken() !== undefined || ownCounters().length > 0;
    const forget = () => {
      for (const counter of [undefined, ...ownCounters()]) forgetToken(counter);
      this.#list = undefined;
      this.#overview = undefined;
      this.#go('', words().signIn.forgotten);
    };
    const isList = wantedCounter() === undefined && installationToken() !== undefined;
    const create = () => createCounter((name) => this.#go(name));
    const parts: Child[] = [
      wantedCounter() !== undefined && isKnown && el('a', { href: '#' }, back),
      isList && button(words().create.open, create, { class: 'main' }),
      isKnown && button(words().signIn.forget, forget),
    ];
    return parts.filter((part) => part instanceof Node);
  }

  /** Shows the view of a counter, or without a name that of all; it says what was done. */
  #go(name: string, said = ''): void {
    this.#said = said;
    if ((name ? `#${name}` : '') === location.hash) this.#change();
    else location.hash = name;
  }
}

/** The counter in the fragment of the URL. */
function wantedCounter(): string | undefined {
  const name = location.hash.slice(1);
  return isName(name) ? name : undefined;
}

/** The list, and what is done with all counters. */
function overviewOf(list: List): HTMLElement {
  const { title, text, open } = words().removeMany;
  const refresh = () => void list.refresh();
  return el(
    'div',
    {},
    list.element,
    exportSection(),
    importSection(refresh),
    section(
      title,
      el('p', { class: 'note' }, text),
      button(open, () => deleteMany(refresh), { class: 'danger' }),
    ),
  );
}
