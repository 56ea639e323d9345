/**
 * The view of one counter: its number, history and visitors, and the forms that change it. While
 * it is shown, its number stays current.
 */
import { Task } from '../ask.ts';
import { type Counter, DEFAULT_COUNTER } from '../counters.ts';
import { linkTo } from '../data.ts';
import { tokenFor } from '../tokens.ts';
import { askAbout, isTokenProblem } from './counters.ts';
import { deleteCounter } from './delete.ts';
import { button, type Child, el, outside, section } from './elements.ts';
import { Message } from './messages.ts';
import type { Past } from './past.ts';
import { type Change, settingsForm, totalForm } from './settings.ts';
import { number, words } from './texts.ts';
import { replaceToken, tokensReplaced } from './token.ts';

/** The interval between two looks at the number. */
const EVERY_MS = 5000;
/** The longest interval between two looks at the history, because a new hour begins. */
const PAST_AT_LEAST_MS = 5 * 60_000;

/** What the page does after something that this view cannot do itself. */
export interface CounterViewEvents {
  /** The counter was deleted. */
  readonly deleted: (name: string) => void;
  /** The token is not the counter's, or not any more. */
  readonly refused: (name: string) => void;
}

export class CounterView {
  readonly element = el('div');
  readonly #name: string;
  readonly #past: Past;
  readonly #events: CounterViewEvents;
  readonly #total = el('p', { class: 'total' });
  readonly #about = el('p', { class: 'about' });
  readonly #message = new Message();
  readonly #task = new Task(EVERY_MS, () => this.#refresh());
  readonly #open = new AbortController();
  #shown: Counter | undefined;
  #pastAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, past: Past, events: CounterViewEvents) {
    this.#name = name;
    this.#past = past;
    this.#events = events;
    this.element.append(this.#total, this.#about, this.#message.element);
  }

  /** Starts or stops the requests: a page that is not visible sends none. */
  run(visible: boolean): void {
    this.#task.run(visible);
  }

  /** Ends the requests: another view is shown. */
  close(): void {
    this.#task.run(false);
    this.#open.abort();
  }

  async #refresh(): Promise<number | undefined> {
    const { signal } = this.#open;
    const sent = tokenFor(this.#name);
    const answer = await askAbout<Counter>(this.#name, '', { signal });
    if (isTokenProblem(answer)) {
      await tokensReplaced();
      if (tokenFor(this.#name) !== sent) return 0;
    }
    if (signal.aborted) return undefined;
    if (!answer.data) {
      if (isTokenProblem(answer)) this.#events.refused(this.#name);
      else this.#message.fail(answer);
      return answer.againMs;
    }
    this.#message.clear();
    const isChanged = this.#shown?.value !== answer.data.value;
    this.#show(answer.data);
    const isOld = performance.now() - this.#pastAt > PAST_AT_LEAST_MS;
    if (!isChanged && !isOld) return undefined;
    this.#pastAt = performance.now();
    const { failed, againMs } = await this.#past.refresh(answer.data.value);
    if (failed) this.#pastAt = Number.NEGATIVE_INFINITY;
    return againMs;
  }

  #show(counter: Counter): void {
    // The forms are built once: somebody may be typing in them.
    if (!this.#shown) this.#build(counter);
    this.#shown = counter;
    const { name, value, title, link, private: hidden } = counter;
    const { itsPage, itsCode } = words().counter;
    const total = number(value);
    this.#total.textContent = total;
    this.#total.style.setProperty('--characters', `${total.length}`);
    const query = new URLSearchParams({ counter: name });
    const parts: Child[] = [
      title !== null && el('span', { dir: 'auto' }, title),
      link !== null && outside(link, link),
      hidden && el('span', { class: 'tag' }, words().private),
      // To open the page of the default counter is to visit it.
      name !== DEFAULT_COUNTER && el('a', { href: linkTo(`/c/${name}`) }, itsPage),
      el('a', { href: linkTo(`/new?${query}#code`) }, itsCode),
    ];
    this.#about.replaceChildren(...parts.filter((part) => part instanceof Node));
  }

  #build(counter: Counter): void {
    const { name } = counter;
    const change: Change = async (changes, message) => {
      const answer = await askAbout<Counter>(name, '', { method: 'PATCH', body: changes });
      if (answer.data) this.#show(answer.data);
      else message.fail(answer);
      return answer.data;
    };
    this.element.append(
      this.#past.element,
      settingsForm(counter, change),
      totalForm(counter, change),
    );
    const { label, about, replace } = words().token;
    this.element.append(
      section(
        label,
        el('p', { class: 'note' }, about),
        button(replace, () => replaceToken(name)),
      ),
    );
    // It is the one behind `GET /`.
    if (name === DEFAULT_COUNTER) return;
    const { title, text, open } = words().remove;
    const remove = () => deleteCounter(name, () => this.#events.deleted(name));
    this.element.append(
      section(title, el('p', { class: 'note' }, text), button(open, remove, { class: 'danger' })),
    );
  }
}
