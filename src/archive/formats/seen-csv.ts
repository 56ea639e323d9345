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
  let headed = false;
  let count = 0;
  let announced: number | undefined;
  let ended: number | undefined;
  let found = 0;
  let last = 1;
  // With an unreadable row, the number of rows cannot be checked.
  let spoiled = false;
  let gathering: { record: Gathering; line: number } | undefined;
  const finish = function* (): Generator<Item> {
    if (gathering) {
      found++;
      const { record, line } = gathering;
      yield itemOf(line, () => readRecord(record));
    }
    gathering = undefined;
  };
  for await (const row of rows) {
    last = row.line;
    if (row.wrong !== undefined) {
      spoiled = true;
      yield { wrong: row.wrong, line: row.line };
      continue;
    }
    const cells = withoutEmptyEnd(row.cells, COLUMNS.length);
    if (!headed) {
      requireColumns(cells);
      headed = true;
      continue;
    }
    if (cells.every((cell) => cell.trim() === '')) continue;
    const [counter = '', what = '', , kind = '', value = ''] = cells;
    if (counter === '' && what === 'end') ended = Number(value);
    else count++;
    if (counter === '' && what === 'export') {
      requireVersion(/^format (\d+)$/.test(kind) ? Number(kind.slice(7)) : kind);
      announced = Number(value);
    }
    if (counter === '' && (what === 'end' || what === 'export')) continue;
    if (gathering?.record.counter !== counter) {
      yield* finish();
      gathering = { record: { counter }, line: row.line };
    }
    try {
      addRow(gathering.record, cells);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      yield { wrong: error.message, line: row.line };
    }
  }
  yield* finish();
  if (!spoiled) yield* ending({ announced, ended, found, count, last });
}

/** Fails with `usage-invalid` unless this is the row that names the columns. */
function requireColumns(cells: readonly string[]): void {
  if (namesColumns(cells)) return;
  throw new AppError(
    'usage-invalid',
    `The file does not begin with the first line of an export of Seen, ${COLUMNS.join(',')}.`,
  );
}

/** The mistake at the end of an incomplete export. */
function* ending(all: {
  readonly announced: number | undefined;
  readonly ended: number | undefined;
  readonly found: number;
  readonly count: number;
  readonly last: number;
}): Generator<Item> {
  const { announced, ended, found, count, last } = all;
  if (announced === undefined && found === 0) {
    yield {
      wrong: 'the file has only its headings: it was cut off. Export again',
      line: 0,
    };
  } else if (announced !== found)
    yield { wrong: incompleteExport(announced ?? 0, found), line: last };
  else if (ended !== count) {
    yield {
      wrong: `is the last row, but not the end of an export of ${count} rows: the file was cut off or edited. Export again, or add the last row ,end,,,${count}`,
      line: last,
    };
  } else if (found === 0) yield { note: NO_COUNTERS };
}
