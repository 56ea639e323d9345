/**
 * Comma-separated values (RFC 4180), and the variants of spreadsheets: other separators, empty
 * columns at the end.
 */
import { LINE_BYTES_MAX, type Line } from './bytes.ts';

/** A row: its cells, and its first line; `wrong` is the reason when it cannot be read. */
export type Row =
  | { readonly line: number; readonly cells: readonly string[]; readonly wrong?: undefined }
  | { readonly line: number; readonly wrong: string; readonly cells?: undefined };

/** The maximum number of lines in a row, so that an unclosed quote does not consume the file. */
const ROW_LINES_MAX = 1000;
/** The maximum length of all lines of a row. */
const ROW_LENGTH_MAX = LINE_BYTES_MAX;

/** The rows; blank lines, and lines like `sep=;`, are left out. Runs in linear time. */
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
    if (state === 'open' && row.lines < ROW_LINES_MAX && row.length < ROW_LENGTH_MAX) continue;
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
 * The cells of a row on one line; `open` when it continues on the next line, `odd` when quotes are
 * misplaced.
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
  /** The lines so far of an unfinished cell in quotes. */
  #open: string[] | undefined;

  constructor(separator: string) {
    this.#separator = separator;
  }

  /** Reads the next line. `odd` when a quote is misplaced. */
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
   * Reads a cell in quotes that begins at `at`, or continues from an earlier line. Returns its
   * end.
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
 * The separator of a row: the first comma, semicolon or tab outside quotes. Spreadsheets write
 * semicolons in locales with a decimal comma.
 */
export function separatorOf(text: string): ',' | ';' | '\t' {
  const start = text.startsWith('"') ? closingQuote(text, 1) : 0;
  const found = start === -1 ? undefined : /[,;\t]/.exec(text.slice(start))?.[0];
  return found === ';' || found === '\t' ? found : ',';
}

/** The cells without empty ones at the end, with which spreadsheets pad rows to the widest one. */
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
