/**
 * Builds the exports and imports over HTTP: they use the store of a replica that counts meanwhile,
 * so they work in small steps, and hold little memory. Not here: `seen export`, a process of its
 * own; and imports (`import/uploaded.ts`).
 */
import { type OpenHeading, writeJsonLines } from '../../archive/formats/json-lines.ts';
import { exported } from '../../archive/gather.ts';
import type { Archive, ArchivedCounter } from '../../contract/archive.ts';
import type { BegunExport, InstallationArchive } from '../../http/api/archive.ts';
import {
  type ArchiveParts,
  importUploaded,
  lastLine,
  openUpload,
  patiently,
} from '../import/uploaded.ts';
import { CLOCK } from './counter.ts';

/** Exports and imports of all counters of a store. */
export function composeArchive(parts: ArchiveParts): InstallationArchive {
  return {
    export: (signal) => beginExport(parts, signal),
    import: async (file, options, signal) =>
      importUploaded(parts, await openUpload(file, options, signal), signal),
  };
}

async function beginExport(
  { registry, archive, onFailure }: ArchiveParts,
  signal: AbortSignal,
): Promise<BegunExport> {
  const moment = Date.now();
  const counters = await patiently(signal, () => registry.size());
  const all = countersOf(pagesOf(archive, signal), moment);
  return { moment, counters, pieces: piecesOf({ moment }, all, onFailure) };
}

/** The number of counters, and of figures of their history, in memory at once. */
const COUNTERS_AT_ONCE = 200;
const FIGURES_AT_ONCE = 20_000;

/**
 * All counters, page by page. Nothing is open in the store while a page is sent: on SQLite a
 * reader that waits for a slow client would keep the log beside the file growing.
 */
async function* pagesOf(
  archive: Archive,
  signal: AbortSignal,
): AsyncGenerator<readonly ArchivedCounter[]> {
  let after: string | undefined = '';
  while (after !== undefined) {
    const from: string = after;
    // eslint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const page = await patiently(signal, () => readPage(archive, from));
    yield page.counters;
    after = page.next;
    // eslint-disable-next-line no-await-in-loop -- the turn of visits
    await CLOCK.turn();
  }
}

async function readPage(
  archive: Archive,
  after: string,
): Promise<{ counters: readonly ArchivedCounter[]; next: string | undefined }> {
  const counters: ArchivedCounter[] = [];
  let figures = 0;
  for await (const archived of archive.readAll(after)) {
    const { hours, days, visitors } = archived.past;
    counters.push(archived);
    figures += hours.length + days.length + visitors.size;
    if (counters.length === COUNTERS_AT_ONCE || figures >= FIGURES_AT_ONCE)
      return { counters, next: archived.counter };
  }
  return { counters, next: undefined };
}

async function* countersOf(
  pages: AsyncIterable<readonly ArchivedCounter[]>,
  moment: number,
): AsyncGenerator<ArchivedCounter> {
  for await (const page of pages) {
    for (const archived of page) yield exported(archived, moment);
  }
}

/** The number of characters to send at once. */
const SENT_AT_ONCE = 64 * 1024;

/** The text of the export. When it fails, a line with the error is the last. */
async function* piecesOf(
  heading: OpenHeading,
  all: AsyncIterable<ArchivedCounter>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<string> {
  let text = '';
  try {
    for await (const line of writeJsonLines(heading, all)) {
      text += line;
      if (text.length < SENT_AT_ONCE) continue;
      yield text;
      text = '';
    }
    yield text;
  } catch (error) {
    onFailure(error);
    yield `${text}${lastLine(error)}`;
    throw error;
  }
}
