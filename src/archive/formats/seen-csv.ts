/**
 * An export as CSV, for spreadsheets and editing by hand: one value per row, the rows of a counter
 * together.
 *
 * The first row names the columns, the second describes the export, and the last has the number of
 * rows, which reveals a file that was cut off. Cells never look like a formula to a spreadsheet,
 * except negative numbers and names that begin with "-".
 */
import type { ArchivedCounter } from '../../contract/archive.ts';
import { AppError } from '../../counter/errors.ts';
import { type Item, itemOf, SourceError } from '../item.ts';
import { type Row, rowText, withoutEmptyEnd } from '../reading/csv.ts';
import { readRecord, recordOf } from '../record.ts';
import {
  FORMAT_VERSION,
  type Heading,
  incompleteExport,
  NO_COUNTERS,
  requireVersion,
} from './json-lines.ts';
import { addRow, COLUMNS, type Gathering, textCell } from './seen-csv-rows.ts';

/** The text of an export, piece by piece. */
export async function* writeCsv(
  { moment, counters }: Heading,
  all: AsyncIterable<ArchivedCounter>,
): AsyncGenerator<string> {
  let rows = 0;
  const write = (table: readonly (readonly (string | number)[])[]) => {
    rows += table.length;
    return table.map(rowText).join('');
  };
  yield rowText(COLUMNS);
  yield write([
    ['', 'export', new Date(moment).toISOString(), `format ${FORMAT_VERSION}`, counters],
  ]);
  for await (const counter of all) yield write(tableOf(counter));
  yield rowText(['', 'end', '', '', rows]);
}

function tableOf(archived: ArchivedCounter): (string | number)[][] {
  const {
    counter,
    total,
    made,
    ownerHash,
    title,
    link,
    rules = {},
    hours = {},
    days = {},
    visitors = {},
  } = recordOf(archived);
  const amounts = (what: string, times: typeof hours) =>
    Object.entries(times).flatMap(([time, kinds]) =>
      Object.entries(kinds).map(([kind, amount = 0]) => [counter, what, time, kind, amount]),
    );
  return [
    [counter, 'total', '', '', total],
    ...(made === undefined ? [] : [[counter, 'made', made, '', '']]),
    // With a prefix, because a hash may begin with a sign.
    ...(ownerHash === undefined ? [] : [[counter, 'owner', '', 'sha256', `sha256:${ownerHash}`]]),
    ...(title === undefined ? [] : [[counter, 'title', '', '', textCell(title)]]),
    ...(link === undefined ? [] : [[counter, 'link', '', '', textCell(link)]]),
    ...Object.entries(rules).map(([rule, value]) => [counter, 'rule', '', rule, String(value)]),
    ...amounts('hour', hours),
    ...amounts('day', days),
    ...Object.entries(visitors).map(([day, count]) => [counter, 'visitors', day, '', count]),
  ];
}

/** Whether these cells are the row that names the columns. */
export function namesColumns(cells: readonly string[]): boolean {
  const names = withoutEmptyEnd(cells, COLUMNS.length);
  return (
    names.length === COLUMNS.length &&
    COLUMNS.every((name, index) => names[index]?.trim() === name)
  );
}

/**
 * The items of an export. Fails with `usage-invalid` for another kind of file, or an export of a
 * newer Seen.
 */
export async function* readCsv(rows: AsyncIterable<Row>): AsyncGenerator<Item> {
  const reader = new CsvReader();
  for await (const row of rows) yield* reader.read(row);
  yield* reader.end();
}

/** What has been read of an export so far. */
class CsvReader {
  #headed = false;
  /** The number of rows below the headings, without the last. */
  #rows = 0;
  /** The number of rows in the last row. */
  #rowsStated: number | undefined;
  #counters = 0;
  /** The number of counters in the row that describes the export. */
  #countersStated: number | undefined;
  #gathering: { record: Gathering; line: number } | undefined;
  #lastLine = 1;
  /** With an unreadable row, the number of rows cannot be checked. */
  #spoiled = false;

  *read({ line, cells: all, wrong }: Row): Generator<Item> {
    this.#lastLine = line;
    if (wrong !== undefined) {
      this.#spoiled = true;
      yield { wrong, line };
      return;
    }
    const cells = withoutEmptyEnd(all, COLUMNS.length);
    if (!this.#headed) {
      requireColumns(cells);
      this.#headed = true;
    } else if (cells.some((cell) => cell.trim() !== '')) yield* this.#readValue(cells, line);
  }

  /** The last counter, and the mistake at the end of an incomplete export. */
  *end(): Generator<Item> {
    yield* this.#finishCounter();
    if (this.#spoiled) return;
    const [rows, counters, line] = [this.#rows, this.#counters, this.#lastLine];
    if (this.#countersStated === undefined && counters === 0) {
      yield {
        wrong: 'the file has only its headings: it was cut off. Export again',
        line: 0,
      };
    } else if (this.#countersStated !== counters)
      yield { wrong: incompleteExport(this.#countersStated ?? 0, counters), line };
    else if (this.#rowsStated !== rows) {
      yield {
        wrong: `is the last row, but not the end of an export of ${rows} rows: the file was cut off or edited. Export again, or add the last row ,end,,,${rows}`,
        line,
      };
    } else if (counters === 0) yield { note: NO_COUNTERS };
  }

  *#readValue(cells: readonly string[], line: number): Generator<Item> {
    const [counter = '', what = '', , kind = '', value = ''] = cells;
    if (counter === '' && what === 'end') {
      this.#rowsStated = Number(value);
      return;
    }
    this.#rows++;
    if (counter === '' && what === 'export') {
      requireVersion(/^format (\d+)$/.test(kind) ? Number(kind.slice(7)) : kind);
      this.#countersStated = Number(value);
      return;
    }
    if (this.#gathering?.record.counter !== counter) yield* this.#finishCounter();
    this.#gathering ??= { record: { counter }, line };
    try {
      addRow(this.#gathering.record, cells);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      yield { wrong: error.message, line };
    }
  }

  *#finishCounter(): Generator<Item> {
    if (!this.#gathering) return;
    const { record, line } = this.#gathering;
    this.#gathering = undefined;
    this.#counters++;
    yield itemOf(line, () => readRecord(record));
  }
}

/** Fails with `usage-invalid` unless this is the row that names the columns. */
function requireColumns(cells: readonly string[]): void {
  if (namesColumns(cells)) return;
  throw new AppError(
    'usage-invalid',
    `The file does not begin with the first line of an export of Seen, ${COLUMNS.join(',')}.`,
  );
}
