/**
 * Gathers counters in a temporary file before an export is written, because an export begins with
 * the number of counters.
 *
 * So an export of any number of counters takes little memory. Not here: how a store reads its
 * counters, and the formats of exports.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { ArchivedCounter } from '../contract/archive.ts';
import { HOUR_MS } from '../contract/history.ts';
import { AppError } from '../counter/errors.ts';
import { folded } from '../counter/folding.ts';
import type { Heading } from './formats/json-lines.ts';
import { SourceError } from './item.ts';
import { linesOf } from './reading/bytes.ts';
import { readRecord, recordOf } from './record.ts';

/** The beginning of each line: the name can be read without the rest. */
const BEGINNING = '{"counter":"';

/** The header of an export, and its counters. */
export interface GatheredExport extends Heading {
  /** The counters in byte order of their names. Can be read once. */
  readonly all: AsyncIterable<ArchivedCounter>;
}

/**
 * Gathers counters, which arrive in the order of their names, in a temporary file at `path`.
 * `moment` is the time at which reading began. Calls `onCounter` with the number so far.
 */
export async function gather(
  counters: AsyncIterable<ArchivedCounter>,
  moment: number,
  path: string,
  onCounter: (count: number) => void,
): Promise<GatheredExport> {
  const file = new LineFile(path);
  let count = 0;
  for await (const archived of counters) {
    file.write(JSON.stringify(recordOf(archived)));
    onCounter(++count);
  }
  file.close();
  return { moment, counters: count, all: archivedIn(path, Math.floor(moment / HOUR_MS)) };
}

/** A file that is written line by line, from its beginning. */
class LineFile {
  readonly #file: number;
  #lines: string[] = [];

  constructor(path: string) {
    this.#file = openSync(path, 'w', 0o600);
  }

  write(line: string): void {
    this.#lines.push(line, '\n');
    if (this.#lines.length >= 1000) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeFileSync(this.#file, this.#lines.join(''));
    this.#lines = [];
  }
}

async function* archivedIn(path: string, hour: number): AsyncGenerator<ArchivedCounter> {
  for await (const { text: line = '' } of linesOf(path)) {
    const name = () => line.slice(BEGINNING.length, line.indexOf('"', BEGINNING.length));
    yield readBack(() => JSON.parse(line) as unknown, name, hour);
  }
}

/**
 * The counter as an export at `moment` has it, which can be imported again. Fails with
 * `counter-unreadable`.
 */
export function exported(archived: ArchivedCounter, moment: number): ArchivedCounter {
  return readBack(
    () => recordOf(archived),
    () => archived.counter,
    Math.floor(moment / HOUR_MS),
  );
}

function readBack(record: () => unknown, name: () => string, hour: number): ArchivedCounter {
  try {
    const archived = readRecord(record());
    return { ...archived, past: folded(archived.past, hour) };
  } catch (cause) {
    if (!(cause instanceof SourceError)) throw cause;
    throw new AppError(
      'counter-unreadable',
      `The stored data of ${name()} could not be imported again: ${cause.message}.`,
      { cause },
    );
  }
}
