/**
 * Visits by hour, day and month: the buttons, the chart, its text, and a table with the same
 * numbers.
 */
import { counted, fill, formatNumber } from '../../../languages/format.ts';
import { ask, type JsonAnswer } from '../ask.ts';
import { pageLanguage } from '../data.ts';
import { Chart } from './chart.ts';
import {
  firstOf,
  latestOf,
  type Period,
  type PeriodCounts,
  type Step,
  visitsOf,
} from './periods.ts';
import { counterTexts } from './texts.ts';

/** The formats of periods: in the table, and below the chart. */
const LONG: Readonly<Record<Step, Intl.DateTimeFormatOptions>> = {
  hour: { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  month: { month: 'long', year: 'numeric' },
};
const SHORT: Readonly<Record<Step, Intl.DateTimeFormatOptions>> = {
  hour: { hour: 'numeric' },
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short' },
};
/** The texts with the number of periods. */
const IN = { hour: 'inHours', day: 'inDays', month: 'inMonths' } as const;

export class History {
  /** Called when somebody chooses another period. */
  onStep: () => void = () => undefined;
  /** The browser's time zone, whose hours and days are shown. */
  readonly #zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #texts = counterTexts();
  readonly #language = pageLanguage();
  readonly #section = document.getElementById('history');
  readonly #readout = document.getElementById('readout');
  readonly #table = document.getElementById('table');
  readonly #chart: Chart;
  #path = '';
  #token: string | undefined;
  #step: Step = 'hour';
  #periods: readonly Period[] = [];

  constructor() {
    this.#chart = new Chart(document.getElementById('chart'), (index) => this.#say(index));
    for (const button of this.#buttons()) {
      button.addEventListener('click', () => {
        this.#step = button.dataset['step'] as Step;
        for (const other of this.#buttons())
          other.setAttribute('aria-pressed', `${other === button}`);
        this.onStep();
      });
    }
  }

  /** Chooses the counter: its path in the API, and its owner's token if it is private. */
  open(path: string, token?: string): void {
    this.#path = path;
    this.#token = token;
  }

  /** The length of the shown periods. */
  get step(): Step {
    return this.#step;
  }

  /**
   * Requests the history and shows it. Hides the section when the history is not public.
   * `unvisited`: the counter has no visits at all. Never fails.
   */
  async refresh({ unvisited = false } = {}): Promise<JsonAnswer<unknown>> {
    const [path, step, now] = [this.#path, this.#step, new Date()];
    const query = new URLSearchParams({ by: step, zone: this.#zone, from: firstOf(step, now) });
    const answer = await ask<{ periods: PeriodCounts[] }>(`${path}/history?${query}`, {
      token: this.#token,
    });
    // Somebody may have chosen other periods or another counter meanwhile.
    if (path !== this.#path || step !== this.#step) return answer;
    if (answer.data) this.#show(latestOf(answer.data.periods, step, now), unvisited);
    if (answer.failed === 'refused' && this.#section) this.#section.hidden = true;
    return answer;
  }

  #buttons(): NodeListOf<HTMLButtonElement> {
    return document.querySelectorAll<HTMLButtonElement>('button[data-step]');
  }

  #show(periods: readonly Period[], unvisited: boolean): void {
    const isEmpty = unvisited && periods.every((period) => visitsOf(period) === 0);
    if (this.#section) this.#section.hidden = false;
    this.#section?.toggleAttribute('data-empty', isEmpty);
    if (isEmpty) return;
    this.#periods = periods;
    this.#say(undefined);
    const names = new Intl.DateTimeFormat(this.#language, SHORT[this.#step]);
    this.#chart.show(
      periods.map(({ begins }) => names.format(begins)),
      periods.map(visitsOf),
      periods.map(({ person }) => person),
    );
    this.#tabulate();
  }

  /** Writes the text of the whole chart, or of one period. */
  #say(index: number | undefined): void {
    const period = index === undefined ? undefined : this.#periods[index];
    const text = period
      ? `${this.#names().format(period.begins)}: ${this.#visits(visitsOf(period))}`
      : this.#summary();
    if (this.#readout) this.#readout.textContent = text;
    if (!period) this.#chart.describe(text);
  }

  #summary(): string {
    const all = this.#periods.reduce((sum, period) => sum + visitsOf(period), 0);
    const text = counted(this.#texts[IN[this.#step]], this.#periods.length, this.#language);
    return fill(text, { visits: this.#visits(all) });
  }

  #visits(value: number): string {
    return counted(this.#texts.visits, value, this.#language);
  }

  #names(): Intl.DateTimeFormat {
    return new Intl.DateTimeFormat(this.#language, LONG[this.#step]);
  }

  #tabulate(): void {
    const [texts, visitors, called] = [this.#texts, this.#step !== 'hour', this.#names()];
    const body = document.createElement('tbody');
    // The latest first, because people look for it.
    for (const period of this.#periods.toReversed()) {
      const cells = [
        visitsOf(period),
        period.person,
        ...(visitors ? [period.visitors ?? 0] : []),
      ].map((value) => cell('td', formatNumber(value, this.#language)));
      body.append(row(cell('th', called.format(period.begins), 'row'), ...cells));
    }
    const head = document.createElement('thead');
    const names = [texts[this.#step], texts.visitsColumn, texts.byPeople];
    if (visitors) names.push(texts.visitors);
    head.append(row(...names.map((name) => cell('th', name, 'col'))));
    this.#table?.replaceChildren(head, body);
  }
}

function row(...cells: readonly HTMLElement[]): HTMLTableRowElement {
  const made = document.createElement('tr');
  made.append(...cells);
  return made;
}

function cell(tag: 'td' | 'th', text: string, scope = ''): HTMLTableCellElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}
