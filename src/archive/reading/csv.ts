/**
 * Comma-separated values (RFC 4180), and what spreadsheets make of them: other separators, empty
 * columns at the end.
 */
import { LINE_MAX_BYTES, type Line } from './lines.ts';

/** A row: its cells, and the line on which it begins; `wrong` says why there are none. */
export type Row =
  | { readonly line: number; readonly cells: readonly string[]; readonly wrong?: undefined }
  | { readonly line: number; readonly wrong: string; readonly cells?: undefined };

/**
 * A cell may have ends of lines in it, but no more than this: a quote that is never closed does
 * not swallow the file.
 */
const ROW_MAX_LINES = 1000;
/** Nor may all lines of a row together be longer than one line may be. */
const ROW_MAX_LENGTH = LINE_MAX_BYTES;

/**
 * The rows; lines without anything on them, and those like `sep=;`, are left out. Each line is
 * looked at once.
 */
export async function* rowsOf(lines: AsyncIterable<Line>, separator = ','): AsyncGenerator<Row> {
  let row: OpenRow | undefined;
  let first = 0;
  for await (const line of lines) {
    if (line.wrong !== undefined) {
      yield { line: line.number, wrong: line.wrong };
      row = undefined;
      continue;
    }
    if (row === undefined && (line.text.trim() === '' || isSeparatorLine(line.text))) continue;
    if (row === undefined) first = line.number;
    row ??= new OpenRow(separator);
    const state = row.add(line.text);
    if (state === 'open' && row.lines < ROW_MAX_LINES && row.length < ROW_MAX_LENGTH) continue;
    if (state === 'whole') yield { line: first, cells: row.cells };
    else
      yield {
        line: first,
        wrong: 'has a quote that is never closed, or one in the middle of a cell',
      };
    row = undefined;
  }
  if (row !== undefined) yield { line: first, wrong: 'has a quote that is never closed' };
}

/**
 * The cells of a row on one line; `open` when it goes on in the next line, `odd` when quotes stand
 * where they may not.
 */
export function cellsOf(text: string, separator: string): readonly string[] | 'open' | 'odd' {
  const row = new OpenRow(separator);
  const state = row.add(text);
  return state === 'whole' ? row.cells : state;
}

/** A row that is read line by line. */
class OpenRow {
  readonly cells: string[] = [];
  lines = 0;
  length = 0;
  readonly #separator: string;
  /** The lines so far of a cell in quotes that goes on. */
  #open: string[] | undefined;

  constructor(separator: string) {
    this.#separator = separator;
  }

  /** Reads the next line. `odd` when a quote stands where none may be. */
  add(text: string): 'whole' | 'open' | 'odd' {
    this.lines++;
    this.length += text.length;
    for (let at = 0; ; at++) {
      const quoted = this.#open !== undefined || text[at] === '"';
      const end = quoted ? this.#quoted(text, at) : this.#plain(text, at);
      if (typeof end === 'string') return end;
      at = end;
      if (at >= text.length) return 'whole';
    }
  }

  /**
   * Reads a cell in quotes that begins at `at`, or that a line before has begun. Answers where it
   * ends.
   */
  #quoted(text: string, at: number): number | 'open' | 'odd' {
    const from = this.#open === undefined ? at + 1 : at;
    const end = closingQuote(text, from);
    this.#open ??= [];
    this.#open.push(text.slice(from, end === -1 ? undefined : end));
    if (end === -1) return 'open';
    if (end + 1 < text.length && text[end + 1] !== this.#separator) return 'odd';
    this.cells.push(this.#open.join('\n').replaceAll('""', '"'));
    this.#open = undefined;
    return end + 1;
  }

  #plain(text: string, at: number): number | 'odd' {
    const found = text.indexOf(this.#separator, at);
    const end = found === -1 ? text.length : found;
    const cell = text.slice(at, end);
    if (cell.includes('"')) return 'odd';
    this.cells.push(cell);
    return end;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

/**
 * What separates the cells of a row: the first comma, semicolon or tab that is not in quotes.
 * Spreadsheets write semicolons where a comma is the sign for fractions.
 */
export function separatorOf(text: string): ',' | ';' | '\t' {
  const start = text.startsWith('"') ? closingQuote(text, 1) : 0;
  const found = start === -1 ? undefined : /[,;\t]/.exec(text.slice(start))?.[0];
  return found === ';' || found === '\t' ? found : ',';
}

/**
 * The cells without the empty ones at the end, of which spreadsheets write as many as the widest
 * row has.
 */
export function withoutEmptyEnd(cells: readonly string[], atLeast: number): readonly string[] {
  let { length } = cells;
  while (length > atLeast && cells[length - 1]?.trim() === '') length--;
  return cells.slice(0, length);
}

/** Excel writes and reads a first line like `sep=;`. */
export function isSeparatorLine(text: string): boolean {
  return text.length < 20 && /^"?sep=.?"?$/i.test(text.trim());
}

/** A row as text, with its end. */
export function rowText(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => {
    const text = String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(',')}\r\n`;
}
