/**
 * Reads the CSV export of GoatCounter (https://www.goatcounter.com/code/export): a row for each
 * visit, which is added to totals, hours, days and visitors.
 *
 * It reads versions 1 and 2, and the older format without a version; columns are found by name.
 * The first visit of a session is a visitor of that day. Bots are counted as bots and belong to
 * the total, as with every counter of Seen.
 */

import type { Kind } from '../../contract/history.ts';
import { AppError } from '../../counter/errors.ts';
import { pluralize } from '../../plural.ts';
import { readMoment } from '../days.ts';
import { excerpt, type Item, SourceError } from '../item.ts';
import type { ReadLimits } from '../limits.ts';
import { PageSums, type Visits } from '../page-sums.ts';
import type { Row } from '../reading/csv.ts';

const VERSIONS: ReadonlySet<string> = new Set(['', '1', '2']);

/** Whether these are the columns of such an export. */
export function isGoatcounter(columns: readonly string[]): boolean {
  return /^\d*path$/.test(plain(columns[0] ?? '')) || /^\d+$/.test(columns[0] ?? '')
    ? columns.some((name) => plain(name) === 'date')
    : false;
}

/**
 * The counters of an export, in `namespace`. The first row names the columns. Fails with
 * `usage-invalid` for an unknown version, and beyond the limits.
 */
export async function* readGoatcounter(
  rows: AsyncIterable<Row>,
  namespace: string,
  limits: ReadLimits,
): AsyncGenerator<Item> {
  let columns: Map<string, number> | undefined;
  const sums = new PageSums(limits);
  let [visits, bots, firsts, spoiled] = [0, 0, 0, false];
  for await (const row of rows) {
    if (row.wrong !== undefined) {
      spoiled = true;
      yield { wrong: row.wrong, line: row.line };
    } else if (columns === undefined) {
      columns = columnsOf(row.cells);
    } else {
      try {
        const visit = readVisit(row.cells, columns);
        sums.add(visit, row.line);
        visits++;
        if (visit.kind === 'bot') bots++;
        firsts += visit.visitors;
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        spoiled = true;
        yield { wrong: error.message, line: row.line };
      }
    }
  }
  if (visits === 0 && !spoiled) {
    yield {
      wrong: 'this export has headings but no visits: export again',
      line: 0,
    };
    return;
  }
  yield* sums.items(namespace);
  yield* notesOn(visits, bots, columns?.has('firstvisit') ? firsts : undefined);
}

function* notesOn(visits: number, bots: number, firsts: number | undefined): Generator<Item> {
  if (bots > 0)
    yield {
      note: `${pluralize(bots, 'visit')} by bots: part of the totals, and told apart in the history`,
    };
  if (firsts === undefined)
    yield {
      note: 'this export does not say who came for the first time, so no visitors come with it',
    };
  else if (firsts < visits)
    yield {
      note:
        `the totals are of all ${visits} visits; GoatCounter itself shows ${firsts}, ` +
        'the first of each session and page without bots: these come as visitors',
    };
}

/**
 * The positions of the columns. The version precedes the name of the first, or has its own cell.
 */
function columnsOf(cells: readonly string[]): Map<string, number> {
  const [first = ''] = cells;
  const version = /^\d*/.exec(first)?.[0] ?? '';
  if (!VERSIONS.has(version)) {
    throw new AppError(
      'usage-invalid',
      `This export of GoatCounter has version ${excerpt(version)}, and this Seen supports 1 and 2. Import it with a newer Seen.`,
    );
  }
  const names =
    first === version && version !== ''
      ? cells.slice(1)
      : [first.slice(version.length), ...cells.slice(1)];
  const columns = new Map(names.map((name, index) => [plain(name), index]));
  const missing = ['path', 'bot', 'date'].find((name) => !columns.has(name));
  if (missing !== undefined)
    throw new AppError('usage-invalid', `This export of GoatCounter has no column “${missing}”.`);
  return columns;
}

function readVisit(cells: readonly string[], columns: ReadonlyMap<string, number>): Visits {
  const cell = (name: string) => cells[columns.get(name) ?? -1];
  const [path, bot, date] = [cell('path'), cell('bot'), cell('date')];
  if (path === undefined || bot === undefined || date === undefined) {
    throw new SourceError(
      `has ${cells.length} cells, and the first line names ${columns.size} columns`,
    );
  }
  if (!/^\d{1,3}$/.test(bot))
    throw new SourceError(
      `${excerpt(bot)} is not what the column Bot holds: a number, 0 for no bot`,
    );
  const first = cell('firstvisit');
  if (first !== undefined && !/^(true|false|0|1)$/i.test(first)) {
    throw new SourceError(
      `${excerpt(first)} is not what the column FirstVisit holds: true or false`,
    );
  }
  const kind = kindOf(Number(bot));
  const isFirst = /^(true|1)$/i.test(first ?? '');
  return {
    path,
    kind,
    at: readMoment(date),
    amount: 1,
    visitors: isFirst && kind === 'person' ? 1 : 0,
  };
}

/** 0 and 1 are no bots, 4 is a library (https://pkg.go.dev/zgo.at/isbot#pkg-constants). */
function kindOf(bot: number): Kind {
  if (bot <= 1) return 'person';
  return bot === 4 ? 'program' : 'bot';
}

/** The name of a column, however it is written: `User-Agent`, `UserAgent`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
