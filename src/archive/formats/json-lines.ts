/**
 * An export as JSON Lines (https://jsonlines.org): a header line, then one line per counter.
 *
 * The number of counters reveals a file that was cut off. It is in the header, or in a last line
 * of its own when the export is sent while it is read.
 */
import type { ArchivedCounter } from '../../contract/archive.ts';
import { AppError } from '../../counter/errors.ts';
import { pluralize } from '../../plural.ts';
import { excerpt, type Item, itemOf, SourceError } from '../item.ts';
import type { Line } from '../reading/bytes.ts';
import { readRecord, recordOf } from '../record.ts';

/**
 * The version of both formats of exports. It changes when an older Seen would read a newer export
 * wrongly.
 */
export const FORMAT_VERSION = 1;

/** The header of an export. */
export interface Heading {
  /** The time of the export, in milliseconds since 1970. */
  readonly moment: number;
  readonly counters: number;
}

/** The header of an export whose number of counters is not known yet. */
export type OpenHeading = Pick<Heading, 'moment'> & { readonly counters?: undefined };

/** The text of an export, piece by piece: one for each line. */
export async function* writeJsonLines(
  { moment, counters }: Heading | OpenHeading,
  all: AsyncIterable<ArchivedCounter>,
): AsyncGenerator<string> {
  const heading = {
    seen: 'counters',
    version: FORMAT_VERSION,
    moment: new Date(moment).toISOString(),
    counters,
  };
  yield `${JSON.stringify(heading)}\n`;
  let written = 0;
  for await (const counter of all) {
    yield `${JSON.stringify(recordOf(counter))}\n`;
    written++;
  }
  if (counters === undefined) yield `${JSON.stringify({ seen: 'end', counters: written })}\n`;
}

/** The items of an export. Fails with `usage-invalid` when it comes from a newer Seen. */
export async function* readJsonLines(lines: AsyncIterable<Line>): AsyncGenerator<Item> {
  let announced: number | undefined;
  let [headed, ended] = [false, false];
  let found = 0;
  let last = 1;
  for await (const line of lines) {
    last = line.number;
    if (line.wrong === undefined && line.text.trim() === '') continue;
    if (ended) {
      yield { wrong: 'comes after the end of the export: remove it', line: line.number };
    } else if (line.wrong !== undefined) {
      found++;
      yield { wrong: line.wrong, line: line.number };
    } else if (!headed) {
      headed = true;
      announced = readHeading(line.text);
    } else if (announced === undefined && line.text.startsWith(END_BEGINS)) {
      ended = true;
      announced = countIn(line.text);
    } else {
      found++;
      yield itemOf(line.number, () => readRecord(parse(line.text)));
    }
  }
  if (announced === undefined) yield { wrong: endless(found), line: last };
  else if (announced !== found) {
    const wrong = incompleteExport(announced, found, ended ? 'it' : undefined);
    yield { wrong, line: last };
  } else if (announced === 0) yield { note: NO_COUNTERS };
}

/** The beginning of the last line of an export without a number of counters in its header. */
const END_BEGINS = '{"seen":"end",';

function countIn(text: string): number | undefined {
  const counters = lineOf(text)?.['counters'];
  return Number.isSafeInteger(counters) ? Number(counters) : undefined;
}

function endless(found: number): string {
  return `is the last, after ${pluralize(found, 'counter')}, and neither it nor the first line has the number of counters: the export was cut off. Export again`;
}

/** An export of an installation without counters is complete, and not a mistake. */
export const NO_COUNTERS =
  'the Seen that wrote this export had no counters then: there is nothing to import';

/** The message for an export with another number of counters than `where` says. */
export function incompleteExport(
  announced: number,
  found: number,
  where = 'the first line',
): string {
  return `is the last, and there ${found === 1 ? 'is' : 'are'} ${pluralize(found, 'counter')} where ${where} says ${announced}: the file was cut, or changed by hand. Export again, or put the right number there`;
}

/** Fails with `usage-invalid` for a version that this Seen does not know. */
export function requireVersion(version: unknown): void {
  if (version === FORMAT_VERSION) return;
  throw new AppError(
    'usage-invalid',
    `This export has format ${excerpt(String(version))}, and this Seen supports ${FORMAT_VERSION}. Import it with the Seen that wrote it, or a newer one.`,
  );
}

/**
 * The number of counters in the header; `undefined` if it is missing. Fails with `usage-invalid`.
 */
function readHeading(text: string): number | undefined {
  const heading = lineOf(text);
  if (heading?.['seen'] !== 'counters') {
    throw new AppError(
      'usage-invalid',
      'The file does not begin with the first line of an export of Seen, {"seen":"counters", …}. If it was cut off, export again.',
    );
  }
  requireVersion(heading['version']);
  return countIn(text);
}

function lineOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}

/** A line of JSON. Fails with `SourceError`. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SourceError(`${excerpt(text)} is not JSON: the file may be cut off`);
  }
}
