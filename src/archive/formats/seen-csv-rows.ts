/**
 * Assembles the rows of an export as CSV into records, one for each counter. Not here: the export
 * as a whole (`seen-csv.ts`).
 */
import { excerpt, readWhole, SourceError } from '../item.ts';

/** The names of the columns. */
export const COLUMNS = ['counter', 'what', 'time', 'kind', 'value'] as const;

/** A record that is assembled from rows. */
export type Gathering = Record<string, unknown> & { readonly counter: string };

/** Puts a row into the record of its counter. Fails with `SourceError`. */
export function addRow(record: Gathering, cells: readonly string[]): void {
  const [, what = '', time = '', kind = '', value = ''] = cells;
  if (cells.length !== COLUMNS.length) {
    throw new SourceError(
      `has ${cells.length} cells, but must have ${COLUMNS.length}: ${COLUMNS.join(',')}`,
    );
  }
  switch (what) {
    case 'total':
      return once(record, 'total', readWhole(value, 'total'));
    case 'made':
      return once(record, 'made', time);
    case 'owner':
      return once(record, 'ownerHash', value.replace(/^sha256:/, ''));
    case 'title':
    case 'link':
      return once(record, what, readTextCell(value));
    case 'rule':
      return once(
        inside(record, 'rules'),
        kind,
        // Spreadsheets write these in capitals.
        /^(true|false)$/i.test(value) ? /^true$/i.test(value) : readWhole(value, 'rule'),
      );
    case 'hour':
    case 'day':
      return once(inside(inside(record, `${what}s`), time), kind, readWhole(value, 'amount'));
    case 'visitors':
      return once(inside(record, 'visitors'), time, readWhole(value, 'number of visitors'));
    default:
      throw new SourceError(
        `${excerpt(what)} is not one of total, made, owner, title, link, rule, hour, day, visitors`,
      );
  }
}

/**
 * The cell of a title or a link. Their authors are strangers, so no part of it may look like a
 * formula, whatever a spreadsheet takes for the separator.
 */
export function textCell(text: string): string {
  const encoded = encodeURIComponent(text).replaceAll('%20', ' ');
  return `text:${encoded.replaceAll(/[!'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`;
}

/** The text of such a cell. A person may also write the text as it is. */
function readTextCell(cell: string): string {
  if (!cell.startsWith('text:')) return cell;
  try {
    return decodeURIComponent(cell.slice('text:'.length));
  } catch {
    throw new SourceError(`${excerpt(cell)} has a "%" without a code: write %25 for it`);
  }
}

function once(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (Object.hasOwn(fields, name))
    throw new SourceError('has the same field as an earlier row: remove one of the two');
  fields[name] = value;
}

function inside(fields: Record<string, unknown>, name: string): Record<string, unknown> {
  if (!Object.hasOwn(fields, name)) fields[name] = Object.create(null);
  return fields[name] as Record<string, unknown>;
}
