/**
 * Puts the pieces of a snapshot together: what came first goes to a file, what changed since is
 * held in memory, and both are merged when the moment is known.
 *
 * So the memory that is needed grows with what changes while the snapshot is read, not with how
 * many counters there are. Not here: how a store reads a snapshot, and the formats of exports.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type Archived, folded, type Piece } from '../counter/archive.ts';
import { AppError } from '../counter/errors.ts';
import { HOUR_MS } from '../counter/past.ts';
import type { Heading } from './formats/json-lines.ts';
import { Wrong } from './item.ts';
import { linesOf } from './reading/lines.ts';
import { readRecord, recordOf } from './record.ts';

/** Every counter begins its line so: its name is read without the rest. */
const BEGINNING = '{"counter":"';

export interface Gathered extends Heading {
  /** The counters in the order of the names' bytes. May be read once. */
  readonly all: AsyncIterable<Archived>;
}

/**
 * Gathers a snapshot, with a file of ours at `path`; tells `onCounter` how many counters have
 * come.
 */
export async function gather(
  snapshot: AsyncIterable<Piece>,
  path: string,
  onCounter: (count: number) => void,
): Promise<Gathered> {
  const file = new LineFile(path);
  // The versions that came later, as lines; nothing for those that are gone.
  const later = new Map<string, string | undefined>();
  let count = 0;
  let before = '';
  let moment = 0;
  for await (const piece of snapshot) {
    if ('moment' in piece) {
      ({ moment } = piece);
      continue;
    }
    const name = 'gone' in piece ? piece.gone : piece.archived.counter;
    const line = 'gone' in piece ? undefined : JSON.stringify(recordOf(piece.archived));
    // As long as the names go on in their order, none has come before.
    if (line !== undefined && later.size === 0 && name > before) {
      before = name;
      file.write(line);
      onCounter(++count);
    } else if (line !== undefined || later.size > 0 || name <= before) {
      later.set(name, line);
    }
  }
  file.close();
  let counters = 0;
  for await (const _ of merge(path, later)) counters++;
  return { moment, counters, all: archivedOf(merge(path, later), Math.floor(moment / HOUR_MS)) };
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

/** The lines of the file, with the later ones in their places. */
async function* merge(
  path: string,
  later: ReadonlyMap<string, string | undefined>,
): AsyncGenerator<string> {
  const names = [...later.keys()].toSorted();
  let at = 0;
  for await (const { text = '' } of linesOf(path)) {
    const name = text.slice(BEGINNING.length, text.indexOf('"', BEGINNING.length));
    for (let next = names[at]; next !== undefined && next <= name; next = names[++at]) {
      const line = later.get(next);
      if (line !== undefined) yield line;
    }
    if (!later.has(name)) yield text;
  }
  for (const name of names.slice(at)) {
    const line = later.get(name);
    if (line !== undefined) yield line;
  }
}

async function* archivedOf(lines: AsyncIterable<string>, hour: number): AsyncGenerator<Archived> {
  for await (const line of lines) {
    try {
      const archived = readRecord(JSON.parse(line));
      yield { ...archived, past: folded(archived.past, hour) };
    } catch (cause) {
      if (!(cause instanceof Wrong)) throw cause;
      const name = line.slice(BEGINNING.length, line.indexOf('"', BEGINNING.length));
      throw new AppError(
        'counter-unreadable',
        `What the store holds of ${name} could not be brought back: ${cause.message}.`,
        {
          cause,
        },
      );
    }
  }
}
