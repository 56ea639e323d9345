/**
 * The list of all counters, for the installation's owner: search, order, and pages. Only the shown
 * page is in the document. A request for an older search is ended when a newer one is sent.
 */
import { fill } from '../../../languages/format.ts';
import { ask } from '../ask.ts';
import { installationToken } from '../tokens.ts';
import { button, el, field } from './elements.ts';
import { Message } from './messages.ts';
import { type ListedCounter, rowOf, tableHead } from './rows.ts';
import { numbers, plural, words } from './texts.ts';

/** A page of the list, as the API returns it. */
interface ListPage {
  readonly counters: readonly ListedCounter[];
  /** The cursor of the next page. */
  readonly next?: string;
  /** How many counters there are, whether they match or not. */
  readonly size: number;
}

const SORTS = ['total', 'today', 'name', 'created'] as const;

const PAGE_SIZE = 50;
const DAYS = 30;
/** Somebody who types a word makes shorter pauses between its letters. */
const TYPING_MS = 250;
/** To sort 100,000 counters takes a busy Seen some seconds. */
const TIMEOUT_MS = 60_000;

export class List {
  readonly element: HTMLElement;
  readonly #search = el('input', {
    type: 'search',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  readonly #sort: HTMLSelectElement;
  readonly #order: HTMLButtonElement;
  readonly #table = el('table', { class: 'counters' });
  readonly #body = el('tbody');
  readonly #range = el('p', { class: 'note', role: 'status', tabindex: -1 });
  readonly #message = new Message();
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  #descending = true;
  /** The cursors of the pages up to the shown one. */
  #cursors: string[] = [''];
  #following: string | undefined;
  #sent = new AbortController();
  #typing = 0;

  constructor() {
    const { search, sortBy, sorts, previous, next, again } = words().list;
    this.#sort = el('select', {}, ...SORTS.map((value) => el('option', { value }, sorts[value])));
    this.#order = button('', () => this.#turn());
    this.#previous = button(previous, () => this.#back());
    this.#next = button(next, () => this.#forward());
    this.#again = button(again, () => this.refresh(), { hidden: true });
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#restart(), TYPING_MS);
    });
    this.#sort.addEventListener('change', () => {
      // The largest and the latest are looked for, but names from A to Z.
      this.#descending = this.#sort.value !== 'name';
      this.#labelOrder();
      this.#restart();
    });
    this.#table.append(tableHead(), this.#body);
    this.element = el(
      'div',
      {},
      el(
        'div',
        { class: 'tools', role: 'search' },
        field(search, this.#search),
        field(sortBy, this.#sort),
        this.#order,
      ),
      this.#range,
      this.#message.element,
      this.#again,
      this.#table,
      el('div', { class: 'buttons pages' }, this.#previous, this.#next),
    );
    this.#labelOrder();
  }

  /** Requests the shown page again. Never fails. */
  async refresh(): Promise<void> {
    this.#sent.abort();
    const { signal } = (this.#sent = new AbortController());
    this.#table.setAttribute('aria-busy', 'true');
    // The next page of the previous list may belong to another search.
    this.#following = undefined;
    const query = new URLSearchParams({
      search: this.#search.value.trim(),
      sort: this.#sort.value,
      order: this.#descending ? 'desc' : 'asc',
      days: `${DAYS}`,
      limit: `${PAGE_SIZE}`,
      after: this.#cursors.at(-1) ?? '',
    });
    const answer = await ask<ListPage>(`/api/v1/counters?${query}`, {
      token: installationToken(),
      signal,
      timeoutMs: TIMEOUT_MS,
    });
    if (signal.aborted) return;
    this.#table.removeAttribute('aria-busy');
    this.#again.hidden = answer.data !== undefined;
    if (answer.data) this.#show(answer.data);
    else this.#message.fail(answer);
  }

  /** Moves the focus to a counter, when it is on the shown page. */
  focusOn(name: string): void {
    this.#body.querySelector<HTMLElement>(`a[href="#${CSS.escape(name)}"]`)?.focus();
  }

  #restart(): void {
    this.#cursors = [''];
    void this.refresh();
  }

  #turn(): void {
    this.#descending = !this.#descending;
    this.#labelOrder();
    this.#restart();
  }

  #labelOrder(): void {
    const { descending, ascending } = words().list;
    this.#order.textContent = this.#descending ? descending : ascending;
  }

  #forward(): void {
    if (this.#following === undefined) return;
    this.#cursors.push(this.#following);
    void this.#turnPage();
  }

  #back(): void {
    if (this.#cursors.length === 1) return;
    this.#cursors.pop();
    void this.#turnPage();
  }

  /** The buttons are below the table, and people read a page from its beginning. */
  async #turnPage(): Promise<void> {
    await this.refresh();
    this.#range.focus();
  }

  #show({ counters, next, size }: ListPage): void {
    // All counters of the last page may have been deleted.
    if (counters.length === 0 && this.#cursors.length > 1) {
      this.#restart();
      return;
    }
    this.#message.clear();
    this.#following = next;
    this.#body.replaceChildren(...counters.map(rowOf));
    this.#table.hidden = counters.length === 0;
    this.#range.textContent = this.#rangeText(counters.length, size);
    // A disabled button would lose the focus.
    this.#previous.setAttribute('aria-disabled', `${this.#cursors.length === 1}`);
    this.#next.setAttribute('aria-disabled', `${next === undefined}`);
  }

  #rangeText(shown: number, size: number): string {
    const { none, empty, rangeOf } = words().list;
    const isSearch = this.#search.value.trim() !== '';
    if (shown === 0) return isSearch ? none : empty;
    const first = (this.#cursors.length - 1) * PAGE_SIZE + 1;
    const range = numbers(first, first + shown - 1);
    return isSearch ? range : fill(plural(rangeOf, size), { range });
  }
}
