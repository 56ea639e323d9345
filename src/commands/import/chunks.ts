/**
 * Imports the counters of a source into a store, or previews the import, in chunks that a store
 * imports in one step without delaying others for long.
 */
import type { Item } from '../../archive/item.ts';
import { Tally } from '../../archive/tally.ts';
import type { Archive, ArchivedCounter, ImportTerms } from '../../contract/archive.ts';
import { AppError } from '../../counter/errors.ts';
import { retryWhileUnavailable } from '../../counter/retrying.ts';
import { CLOCK } from '../compose/counter.ts';
import type { Progress } from '../terminal.ts';
import type { Source } from './file-source.ts';

/** Imports some counters, or previews the import. */
export type ImportChunk = Archive['importAll' | 'previewImport'];

/**
 * Returns an import that waits for an unavailable store as long as it takes. The store knows what
 * was imported, and does not import it twice.
 */
export function retryingImport(archive: Archive): ImportChunk {
  let reported = false;
  return (counters, terms) =>
    retryWhileUnavailable(
      async () => {
        try {
          return await archive.importAll(counters, terms);
        } catch (error) {
          if (!reported && error instanceof AppError) {
            process.stderr.write(
              `seen: ${error.message} Waiting for it. After Ctrl-C, the same command continues.\n`,
            );
            reported = true;
          }
          throw error;
        }
      },
      CLOCK,
      Number.POSITIVE_INFINITY,
    );
}

interface Transfer {
  readonly source: Source;
  readonly terms: ImportTerms;
  readonly as: string | undefined;
  readonly counters: number;
  readonly progress?: Progress;
}

/**
 * Imports or previews all counters of a source, and returns the number of each outcome. Fails with
 * `usage-invalid` when the source changes meanwhile.
 */
export async function importChunks(
  { source, terms, as, counters, progress }: Transfer,
  importChunk: ImportChunk,
): Promise<Tally> {
  const tally = new Tally();
  let done = 0;
  for await (const chunk of chunksOf(named(source.read(), as))) {
    source.requireUnchanged();
    const outcomes = await importChunk(chunk, terms);
    chunk.forEach(({ counter, total }, index) =>
      tally.add(counter, total, outcomes[index] ?? 'kept'),
    );
    done += chunk.length;
    progress?.at(done, counters);
  }
  // Fails when the source has changed.
  source.digest();
  return tally;
}

/** The counters among the items; with `as`, they get this name. */
async function* named(
  items: AsyncIterable<Item>,
  as: string | undefined,
): AsyncGenerator<ArchivedCounter> {
  for await (const item of items) {
    if ('archived' in item)
      yield as === undefined ? item.archived : { ...item.archived, counter: as };
  }
}

/**
 * The maximum numbers of counters and history values in a chunk: about ten milliseconds of a
 * store.
 */
const COUNTERS_AT_ONCE = 100;
const FIGURES_AT_ONCE = 1000;

/** The counters in chunks; a counter with more history than the maximum is a chunk of its own. */
async function* chunksOf(
  all: AsyncIterable<ArchivedCounter>,
): AsyncGenerator<readonly ArchivedCounter[]> {
  let chunk: ArchivedCounter[] = [];
  let figures = 0;
  for await (const archived of all) {
    const { hours, days, visitors } = archived.past;
    const more = hours.length + days.length + visitors.size;
    if (
      chunk.length === COUNTERS_AT_ONCE ||
      (chunk.length > 0 && figures + more > FIGURES_AT_ONCE)
    ) {
      yield chunk;
      chunk = [];
      figures = 0;
    }
    chunk.push(archived);
    figures += more;
  }
  if (chunk.length > 0) yield chunk;
}
