/**
 * Visits by hour, day and month: the buttons, the chart, its text, and a table with the same
 * numbers.
 */
import { ask, type JsonAnswer } from './ask.ts';
import { Chart } from './chart.ts';
import {
  firstOf,
  latestOf,
  type Period,
  type PeriodCounts,
  type Step,
  visitsOf,
} from './periods.ts';
import { formatNumber } from './words.ts';

const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;
/** The formats of periods: in the table, and below the chart. */
const LONG = {
  hour: new Intl.DateTimeFormat(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
  }),
  day: new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' }),
  month: new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' }),
};
const SHORT = {
  hour: new Intl.DateTimeFormat(undefined, { hour: 'numeric' }),
  day: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }),
  month: new Intl.DateTimeFormat(undefined, { month: 'short' }),
};

export class History {
  /** Called when somebody chooses another period. */
  onStep: () => void = () => undefined;
  readonly #path: string;
  readonly #section = document.getElementById('history');
  readonly #readout = document.getElementById('readout');
  readonly #table = document.getElementById('table');
  readonly #chart: Chart;
  #step: Step = 'hour';
  #periods: readonly Period[] = [];

  constructor(path: string) {
    this.#path = path;
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

  /**
   * Requests the history and shows it. Hides the section when the history is not public. Never
   * fails.
   */
  async refresh(): Promise<JsonAnswer<unknown>> {
    const step = this.#step;
    const now = new Date();
    const query = new URLSearchParams({ by: step, zone: ZONE, from: firstOf(step, now) });
    const answer = await ask<{ periods: PeriodCounts[] }>(`${this.#path}/history?${query}`);
    if (answer.data && step === this.#step) this.#show(latestOf(answer.data.periods, step, now));
    if (answer.failed === 'refused' && this.#section) this.#section.hidden = true;
    return answer;
  }

  #buttons(): NodeListOf<HTMLButtonElement> {
    return document.querySelectorAll<HTMLButtonElement>('button[data-step]');
  }

  #show(periods: readonly Period[]): void {
    if (this.#section) this.#section.hidden = false;
    this.#periods = periods;
    this.#say(undefined);
    this.#chart.show(
      periods.map(({ begins }) => SHORT[this.#step].format(begins)),
      periods.map(visitsOf),
      periods.map(({ person }) => person),
    );
    this.#tabulate();
  }

  /** Writes the text of the whole chart, or of one period. */
  #say(index: number | undefined): void {
    const period = index === undefined ? undefined : this.#periods[index];
    const text = period ? `${this.#called(period)}: ${visits(visitsOf(period))}` : this.#summary();
    if (this.#readout) this.#readout.textContent = text;
    if (!period) this.#chart.describe(text);
  }

  #summary(): string {
    const all = this.#periods.reduce((sum, period) => sum + visitsOf(period), 0);
    return `${visits(all)} in ${this.#periods.length} ${this.#step}s`;
  }

  #called({ begins }: Period): string {
    return LONG[this.#step].format(begins);
  }

  #tabulate(): void {
    const visitors = this.#step !== 'hour';
    const body = document.createElement('tbody');
    // The latest first, because people look for it.
    for (const period of this.#periods.toReversed()) {
      const cells = [
        visitsOf(period),
        period.person,
        ...(visitors ? [period.visitors ?? 0] : []),
      ].map((value) => cell('td', formatNumber(value)));
      body.append(row(cell('th', this.#called(period), 'row'), ...cells));
    }
    const head = document.createElement('thead');
    const names = ['Visits', 'by people', ...(visitors ? ['Visitors'] : [])];
    const step = `${this.#step[0]?.toUpperCase()}${this.#step.slice(1)}`;
    head.append(row(...[step, ...names].map((name) => cell('th', name, 'col'))));
    this.#table?.replaceChildren(head, body);
  }
}

function visits(value: number): string {
  return `${formatNumber(value)} ${value === 1 ? 'visit' : 'visits'}`;
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
