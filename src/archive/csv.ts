/** Comma-separated values, as RFC 4180 has them. */
import type { Line } from './lines.ts';

/** A row: its cells, and the line on which it begins; `wrong` says why there are none. */
export type Row =
  | { readonly line: number; readonly cells: readonly string[]; readonly wrong?: undefined }
  | { readonly line: number; readonly wrong: string; readonly cells?: undefined };

/** A cell with ends of lines in it is no longer than this many lines: a quote that is never closed does not swallow the file. */
const ROW_MAX_LINES = 1000;

/** The rows; lines without anything on them are left out. */
export async function* rowsOf(lines: AsyncIterable<Line>, separator = ','): AsyncGenerator<Row> {
  let text = '';
  let first = 0;
  let count = 0;
  for await (const line of lines) {
    if (line.wrong !== undefined) {
      yield { line: line.number, wrong: line.wrong };
      count = 0;
      continue;
    }
    if (count === 0 && line.text.trim() === '') continue;
    if (count === 0) first = line.number;
    text = count === 0 ? line.text : `${text}\n${line.text}`;
    count++;
    const cells = cellsOf(text, separator);
    if (cells === 'open' && count < ROW_MAX_LINES) continue;
    count = 0;
    if (typeof cells !== 'string') yield { line: first, cells };
    else yield { line: first, wrong: 'has a quote that is never closed, or one in the middle of a cell' };
  }
  if (count > 0) yield { line: first, wrong: 'has a quote that is never closed' };
}

/** The cells of a row; `open` when it goes on in the next line, `odd` when quotes stand where they may not. */
export function cellsOf(text: string, separator: string): string[] | 'open' | 'odd' {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end === -1) return 'open';
      if (end + 1 < text.length && text[end + 1] !== separator) return 'odd';
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const end = text.indexOf(separator, at);
      const cell = text.slice(at, end === -1 ? undefined : end);
      if (cell.includes('"')) return 'odd';
      cells.push(cell);
      at = end === -1 ? text.length : end;
    }
    if (at >= text.length) return cells;
    at++;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

/** A row as text, with its end. */
export function rowText(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => {
    const text = String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(',')}\r\n`;
}
