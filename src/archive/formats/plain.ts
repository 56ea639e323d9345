/**
 * Reads names with totals: a list, as people and spreadsheets write it, with a counter on each
 * line, by its name or by its old URL at another service; and whole numbers under keys of a Redis,
 * such as `hits` of the stack guide’s application (docs/import.md).
 *
 * In a list, blank lines, comments (#), a first line of headings and empty columns at the end are
 * skipped. Not here: reading Redis.
 */

import { COUNTER_NAME, DEFAULT_COUNTER } from '../../counter/name.ts';
import { readOldUrl } from '../../services/old-urls.ts';
import {
  counterWithTotal,
  excerpt,
  type Item,
  itemOf,
  keyFor,
  looksLikeNumber,
  readName,
  readWhole,
  SourceError,
} from '../item.ts';
import type { Line } from '../reading/bytes.ts';
import { cellsOf, isSeparatorLine, separatorOf, withoutEmptyEnd } from '../reading/csv.ts';
import type { StoredTotal } from './busuanzi.ts';

/** The maximum length of a line: a name or an old URL, a number and a few spaces. */
const LINE_LENGTH_MAX = 3000;
/** How a URL begins. */
const URL_BEGINS = /^https?:\/\//i;

/** The items of a list. Names without a namespace belong to `namespace`, if it is given. */
export async function* readList(
  lines: AsyncIterable<Line>,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  let first = true;
  let found = false;
  for await (const line of lines) {
    if (line.wrong !== undefined) {
      found = true;
      yield { wrong: line.wrong, line: line.number };
      continue;
    }
    const cells = cellsOfLine(line.text);
    if (cells === undefined) continue;
    const heading = first && isHeading(cells);
    first = false;
    if (heading) {
      const [name = '', total = ''] = cells;
      if (isNameOrUrl(name)) yield { note: takenForHeadings(line.number, name, total) };
      continue;
    }
    found = true;
    yield itemOf(line.number, () => counterOf(cells, line.text, namespace));
  }
  if (!found) {
    const what = first ? 'blank lines and comments' : 'a line of headings';
    yield {
      wrong: `this list has only ${what} and no counter: write NAMESPACE/KEY,TOTAL on one line for each`,
      line: 0,
    };
  }
}

function takenForHeadings(line: number, name: string, total: string): string {
  return `line ${line} is taken for headings, because ${excerpt(total)} has no digit: if ${excerpt(name)} is a counter, write its total`;
}

/** The cells of a line; empty when they cannot be separated; `undefined` for a line to skip. */
export function cellsOfLine(line: string): readonly string[] | undefined {
  if (line.length > LINE_LENGTH_MAX) return [];
  const text = line.trim();
  if (/^"?#/.test(text) || isSeparatorLine(text)) return undefined;
  const cells = cellsOf(text, separatorOf(text));
  if (typeof cells === 'string') return [];
  if (cells.every((cell) => cell.trim() === '')) return undefined;
  return withoutEmptyEnd(
    cells.map((cell) => cell.trim()),
    2,
  );
}

/** A heading has no digit where the totals are, or neither a name nor a number. */
function isHeading([name = '', total = '', ...more]: readonly string[]): boolean {
  if (more.length > 0) return false;
  return total !== '' && (!/\d/.test(total) || !(looksLikeNumber(total) || isNameOrUrl(name)));
}

/** Whether these cells look like a line of a list, valid or not. */
export function isListLine([name = '', total = '', ...more]: readonly string[]): boolean {
  return (
    more.length === 0 &&
    (looksLikeNumber(total) || (total !== '' && name.includes('/') && isNameOrUrl(name)))
  );
}

function isNameOrUrl(text: string): boolean {
  return URL_BEGINS.test(text) || COUNTER_NAME.test(text);
}

function counterOf(cells: readonly string[], text: string, namespace: string | undefined) {
  const [name = '', total = ''] = cells;
  if (cells.length !== 2)
    throw new SourceError(
      `${excerpt(text.trim())} is not a name and a total: write NAMESPACE/KEY,TOTAL, as in my-site/page,1234`,
    );
  if (URL_BEGINS.test(name))
    return counterWithTotal(counterOfUrl(name), readWhole(total, 'total'));
  const whole =
    namespace !== undefined && name !== DEFAULT_COUNTER && !name.includes('/')
      ? `${namespace}/${name}`
      : name;
  return counterWithTotal(readName(whole), readWhole(total, 'total'));
}

/** The counter that an old URL of another service names. Fails with `SourceError`. */
function counterOfUrl(url: string): string {
  const found = readOldUrl(url);
  if (found && 'counter' in found) return found.counter;
  throw new SourceError(
    found
      ? `${excerpt(url)} is a URL of ${found.service} and names no counter: docs/migrate/${found.service}.md shows the URLs that do`
      : `${excerpt(url)} is not a URL of a service that Seen knows (docs/migrate/): write the name of the counter, NAMESPACE/KEY`,
  );
}

/**
 * The counters: `hits` is the default counter, NAMESPACE/KEY and NAMESPACE:KEY are names, and
 * every other key becomes a name in `namespace`, by `keyFor`.
 */
export async function* readRedisKeys(
  all: AsyncIterable<StoredTotal>,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  let found = false;
  for await (const { key, member, value } of all) {
    // Keys of a Seen are skipped: use seen export for them.
    if (member !== undefined || key.startsWith('seen:')) continue;
    found = true;
    yield itemOf(0, () => {
      if (!/^-?\d+$/.test(value))
        throw new SourceError(
          `the Redis key ${excerpt(key)} holds ${excerpt(value)}, which is not a whole number`,
        );
      return counterWithTotal(nameOf(key, namespace), readWhole(value, 'total'));
    });
  }
  if (!found)
    yield {
      wrong: 'no such key holds a number: select others with --keys PATTERN',
      line: 0,
    };
}

function nameOf(key: string, namespace: string | undefined): string {
  if (key === DEFAULT_COUNTER) return key;
  if (namespace !== undefined) return `${namespace}/${keyFor(key.replaceAll(':', '/'))}`;
  const name = key.includes('/') ? key : key.replace(':', '/');
  if (COUNTER_NAME.test(name)) return name;
  throw new SourceError(
    `the Redis key ${excerpt(key)} does not name a counter: give its namespace with --namespace`,
  );
}
