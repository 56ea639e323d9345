/**
 * An export as JSON Lines (https://jsonlines.org): a header line, then one line per counter.
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

/** The text of an export, piece by piece. */
export async function* writeJsonLines(
  { moment, counters }: Heading,
  all: AsyncIterable<ArchivedCounter>,
): AsyncGenerator<string> {
  const heading = {
    seen: 'counters',
    version: FORMAT_VERSION,
    moment: new Date(moment).toISOString(),
    counters,
  };
  yield `${JSON.stringify(heading)}\n`;
  for await (const counter of all) yield `${JSON.stringify(recordOf(counter))}\n`;
}

/** The items of an export. Fails with `usage-invalid` when it comes from a newer Seen. */
export async function* readJsonLines(lines: AsyncIterable<Line>): AsyncGenerator<Item> {
  let announced: number | undefined;
  let headed = false;
  let found = 0;
  let last = 1;
  for await (const line of lines) {
    last = line.number;
    if (line.wrong !== undefined) {
      found++;
      yield { wrong: line.wrong, line: line.number };
    } else if (line.text.trim() === '') {
      // Nothing stands there.
    } else if (headed) {
      found++;
      yield itemOf(line.number, () => readRecord(parse(line.text)));
    } else {
      headed = true;
      announced = readHeading(line.text);
      if (announced === undefined)
        yield { wrong: 'does not have the number of counters', line: line.number };
    }
  }
  if (announced !== undefined && announced !== found)
    yield { wrong: incompleteExport(announced, found), line: last };
  else if (announced === 0) yield { note: NO_COUNTERS };
}

/** An export of an installation without counters is complete, and not a mistake. */
export const NO_COUNTERS =
  'the Seen that wrote this export had no counters then: there is nothing to import';

/** The message for an export with another number of counters than its header says. */
export function incompleteExport(announced: number, found: number): string {
  return `is the last, and there ${found === 1 ? 'is' : 'are'} ${pluralize(found, 'counter')} where the first line says ${announced}: the file was cut, or changed by hand. Export again, or put the right number there`;
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
  const heading = headingIn(text);
  if (heading?.['seen'] !== 'counters') {
    throw new AppError(
      'usage-invalid',
      'The file does not begin with the first line of an export of Seen, {"seen":"counters", …}. If it was cut off, export again.',
    );
  }
  requireVersion(heading['version']);
  const counters = heading['counters'];
  return Number.isSafeInteger(counters) ? Number(counters) : undefined;
}

function headingIn(text: string): Readonly<Record<string, unknown>> | undefined {
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
