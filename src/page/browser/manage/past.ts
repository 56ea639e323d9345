/**
 * The history and the visitors of the shown counter. Their elements are in the page from the
 * beginning (`page/manage.ts`): they are those of a counter's own page.
 */
import type { JsonAnswer } from '../ask.ts';
import { History } from '../counter/history.ts';
import { showDifference, showVisitors } from '../counter/visitors.ts';
import { pathOf } from '../counters.ts';
import { tokenFor } from '../tokens.ts';
import { download } from './archive/downloads.ts';
import { button } from './elements.ts';
import { Message } from './messages.ts';
import { words } from './texts.ts';

export class Past {
  readonly element = document.getElementById('past') ?? document.createElement('div');
  readonly #history = new History();
  readonly #message = new Message();
  #name = '';
  #total = 0;

  constructor() {
    this.#history.onStep = () => void this.refresh(this.#total);
    const csv = button(words().csv, () => this.#download());
    document.getElementById('history')?.append(csv, this.#message.element);
  }

  /** Shows another counter from the next refresh on, and nothing until then. */
  open(name: string): void {
    this.#name = name;
    this.#message.clear();
    for (const part of this.element.querySelectorAll('section')) part.hidden = true;
  }

  /** Requests history and visitors, and shows them. `total` is the counter's. Never fails. */
  async refresh(total: number): Promise<JsonAnswer<unknown>> {
    this.#total = total;
    const name = this.#name;
    const path = pathOf(name);
    // The token may have been replaced since the last time.
    const token = tokenFor(name);
    this.#history.open(path, token);
    const [history, visitors] = await Promise.all([
      this.#history.refresh({ unvisited: total === 0 }),
      showVisitors(path, token),
    ]);
    if (visitors.data) await showDifference(path, token, visitors.data, total);
    // What was shown last may belong to the counter before.
    if (name !== this.#name) return this.refresh(this.#total);
    return history.failed ? history : visitors;
  }

  /** Saves the history by the shown step: all days and months, but hours only of 35 days. */
  async #download(): Promise<void> {
    const name = this.#name;
    const { step } = this.#history;
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const query = new URLSearchParams({ by: step, zone, format: 'csv' });
    const file = `${name.replace('/', '-')}-${step}s.csv`;
    const answer = await download(`${pathOf(name)}/history?${query}`, tokenFor(name), file);
    if (answer.failed) this.#message.fail(answer);
    else this.#message.clear();
  }
}
