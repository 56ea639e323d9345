/**
 * The CSV export of GoatCounter (https://www.goatcounter.com/code/export): a row for each visit, of which totals, hours, days and visitors
 * are made.
 *
 * Versions 1 and 2 of it are read, and the one before them that said no version; columns are found by their names. What GoatCounter calls
 * the first visit of a session is a visitor of that day. Bots are counted as bots, and belong to the total, as with every counter of Seen.
 */
import { AppError } from '../counter/errors.ts';
import { DAY_MS, HOUR_MS } from '../counter/past.ts';
import { RULES } from '../counter/registry.ts';
import { KINDS, type Kind } from '../counter/visitor.ts';
import type { Row } from './csv.ts';
import { type Item, shown, Wrong } from './item.ts';
import { readMoment } from './record.ts';
import { keyFor } from './slug.ts';

const VERSIONS: ReadonlySet<string> = new Set(['', '1', '2']);

/** Whether these are the columns of such an export. */
export function isGoatcounter(columns: readonly string[]): boolean {
  return /^\d*path$/.test(plain(columns[0] ?? '')) || /^\d+$/.test(columns[0] ?? '')
    ? columns.some((name) => plain(name) === 'date')
    : false;
}

/** What has been counted of one counter. */
interface Sums {
  readonly paths: Set<string>;
  readonly line: number;
  madeAt: number;
  total: number;
  /** By "HOUR KIND". */
  readonly hours: Map<string, number>;
  readonly visitors: Map<number, number>;
}

/** The counters of an export, in `namespace`. The first row names the columns. Fails with `usage-invalid` for a version that is not known. */
export async function* readGoatcounter(rows: AsyncIterable<Row>, namespace: string): AsyncGenerator<Item> {
  let columns: Map<string, number> | undefined;
  const counters = new Map<string, Sums>();
  let bots = 0;
  for await (const row of rows) {
    if (row.wrong !== undefined) {
      yield { wrong: row.wrong, line: row.line };
    } else if (columns === undefined) {
      columns = columnsOf(row.cells);
    } else {
      try {
        const visit = readVisit(row.cells, columns);
        if (visit.kind === 'bot') bots++;
        count(counters, row.line, visit);
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        yield { wrong: error.message, line: row.line };
      }
    }
  }
  for (const [key, sums] of counters)
    yield { archived: archivedOf(`${namespace}/${key}`, sums), line: sums.line };
  for (const [key, { paths }] of counters) {
    if (paths.size > 1)
      yield {
        note: `${namespace}/${key} is ${paths.size} paths added up: ${[...paths].map(shown).join(', ')}`,
      };
  }
  if (bots > 0)
    yield {
      note: `${bots} of the visits were made by bots: they belong to the totals, and are told apart in the history`,
    };
  if (columns && !columns.has('firstvisit') && counters.size > 0) {
    yield { note: 'this export does not say who came for the first time, so no visitors come with it' };
  }
}

/** Where each column is. The version stands before the name of the first, or in a cell of its own. */
function columnsOf(cells: readonly string[]): Map<string, number> {
  const [first = ''] = cells;
  const version = /^\d*/.exec(first)?.[0] ?? '';
  if (!VERSIONS.has(version)) {
    throw new AppError(
      'usage-invalid',
      `This export of GoatCounter has version ${shown(version)}, and this Seen knows 1 and 2. Import it with a newer Seen.`,
    );
  }
  const names =
    first === version && version !== '' ? cells.slice(1) : [first.slice(version.length), ...cells.slice(1)];
  const columns = new Map(names.map((name, index) => [plain(name), index]));
  const missing = ['path', 'bot', 'date'].find((name) => !columns.has(name));
  if (missing !== undefined)
    throw new AppError('usage-invalid', `This export of GoatCounter has no column “${missing}”.`);
  return columns;
}

interface Visit {
  readonly path: string;
  readonly kind: Kind;
  readonly at: number;
  readonly isFirst: boolean;
}

function readVisit(cells: readonly string[], columns: ReadonlyMap<string, number>): Visit {
  const cell = (name: string) => cells[columns.get(name) ?? -1];
  const [path, bot, date] = [cell('path'), cell('bot'), cell('date')];
  if (path === undefined || bot === undefined || date === undefined) {
    throw new Wrong(`has ${cells.length} cells, and the first line names ${columns.size} columns`);
  }
  if (!/^\d{1,3}$/.test(bot))
    throw new Wrong(`${shown(bot)} is not what the column Bot holds: a number, 0 for no bot`);
  const first = cell('firstvisit');
  if (first !== undefined && !/^(true|false|0|1)$/.test(first)) {
    throw new Wrong(`${shown(first)} is not what the column FirstVisit holds: true or false`);
  }
  return {
    path,
    kind: kindOf(Number(bot)),
    at: readMoment(date),
    isFirst: first === 'true' || first === '1',
  };
}

/** 0 and 1 are no bots, 4 is a library (https://pkg.go.dev/zgo.at/isbot#pkg-constants). */
function kindOf(bot: number): Kind {
  if (bot <= 1) return 'person';
  return bot === 4 ? 'program' : 'bot';
}

function count(counters: Map<string, Sums>, line: number, { path, kind, at, isFirst }: Visit): void {
  const key = keyFor(path);
  const sums = counters.get(key) ?? {
    paths: new Set(),
    line,
    madeAt: at,
    total: 0,
    hours: new Map(),
    visitors: new Map(),
  };
  counters.set(key, sums);
  sums.paths.add(path);
  sums.madeAt = Math.min(sums.madeAt, at);
  sums.total++;
  const hour = `${Math.floor(at / HOUR_MS)} ${kind}`;
  sums.hours.set(hour, (sums.hours.get(hour) ?? 0) + 1);
  const day = Math.floor(at / DAY_MS);
  if (isFirst && kind === 'person') sums.visitors.set(day, (sums.visitors.get(day) ?? 0) + 1);
}

function archivedOf(counter: string, { total, madeAt, hours, visitors }: Sums) {
  const added = [...hours].map(([name, amount]) => {
    const [hour, kind] = name.split(' ');
    return { at: Number(hour), kind: KINDS.find((one) => one === kind) ?? 'person', amount };
  });
  return {
    counter,
    total,
    madeAt,
    owner: undefined,
    rules: RULES,
    past: { hours: added, days: [], visitors },
  };
}

/** The name of a column, however it is written: `User-Agent`, `UserAgent`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
