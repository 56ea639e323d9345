/** The table of the list: its head, and a row for each counter. */
import type { Counter } from '../counters.ts';
import { el } from './elements.ts';
import { sparkline } from './sparkline.ts';
import { day, number, words } from './texts.ts';

/** A counter in the list. */
export interface ListedCounter extends Counter {
  readonly today: number;
  readonly days: readonly number[];
}

/** The head of the table. */
export function tableHead(): HTMLTableSectionElement {
  const { name, days, today, total, created } = words().list.columns;
  const column = (text: string, kind = '') => el('th', { scope: 'col', class: kind }, text);
  return el(
    'thead',
    {},
    el(
      'tr',
      {},
      column(name),
      column(days, 'days'),
      column(today),
      column(total),
      column(created, 'created'),
    ),
  );
}

/** The row of a counter. Its name is a link to its view. */
export function rowOf(counter: ListedCounter): HTMLTableRowElement {
  const { name, title, value, today, days, created } = counter;
  // A long name is broken at its slash first.
  const [namespace = '', key] = name.split('/');
  const parts = key === undefined ? [name] : [`${namespace}/`, el('wbr'), key];
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row' },
      el('a', { href: `#${name}` }, ...parts),
      ...(counter.private ? [' ', el('span', { class: 'tag' }, words().private)] : []),
      title !== null && el('small', { dir: 'auto' }, title),
    ),
    el('td', { class: 'days' }, sparkline(days)),
    el('td', {}, number(today)),
    el('td', {}, number(value)),
    el('td', { class: 'created' }, day(created)),
  );
}
