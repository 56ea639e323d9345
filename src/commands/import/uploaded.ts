/**
 * Imports a file that was sent to a replica, as `seen import` imports one on disk: the same
 * readers, steps and summary, with lower limits and with pauses for visits.
 *
 * The outcome is lines of JSON: the progress, and at last the summary or the error. Not here: how
 * they are sent (`http/api/archive.ts`).
 */
import { REPLICA_LIMITS } from '../../archive/limits.ts';
import type { ImportTerms } from '../../contract/archive.ts';
import type { Store } from '../../contract/store.ts';
import { pause } from '../../counter/clock.ts';
import { AppError, isAppError } from '../../counter/errors.ts';
import { retryWhileUnavailable } from '../../counter/retrying.ts';
import type { ImportOptions } from '../../http/api/archive-routes.ts';
import { BUG } from '../../http/errors.ts';
import { CLOCK } from '../compose/counter.ts';
import { check } from './check.ts';
import { type ImportChunk, importChunks } from './chunks.ts';
import { openFile, type Source } from './file-source.ts';
import { ImportProgress } from './progress.ts';

/** What messages call the file. */
const NAME = 'The file';
/** How long a step waits for the store: less than clients wait for the next piece. */
const STORE_MS = 30_000;
/** The time between two lines of progress. */
const PROGRESS_MS = 500;
/** The longest work between two turns of visits. */
const TURN_MS = 5;
/** The longest pause after a step. A step takes about ten milliseconds. */
const PAUSE_MS_MAX = 200;

/** The parts of a store that exports and imports use, and what else they need. */
export interface ArchiveParts extends Pick<Store, 'registry' | 'archive'> {
  readonly countersMax: number;
  /** Called with the error of an export or import that has failed, for the log. */
  readonly onFailure: (error: unknown) => void;
}

/** An uploaded file whose kind is known. */
export interface Upload {
  readonly source: Source;
  /** In bytes. */
  readonly size: number;
  readonly options: ImportOptions;
  readonly progress: ImportProgress;
}

/** Recognises the file. Fails with `request-invalid` when it cannot be imported. */
export async function openUpload(
  bytes: Buffer,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<Upload> {
  const { from, namespace, as } = options;
  const progress = new ImportProgress();
  const turn = async (read: number) => {
    signal.throwIfAborted();
    progress.hasRead(read);
    await CLOCK.turn();
  };
  const file = { name: NAME, bytes, unpackedMax: REPLICA_LIMITS.unpackedBytes, turn };
  try {
    const source = await openFile(file, from, { namespace, as, limits: REPLICA_LIMITS });
    return {
      source: inTurns(source, progress, signal),
      size: bytes.length,
      options,
      progress,
    };
  } catch (error) {
    throw asRequestError(error);
  }
}

/** The source, with turns for visits while it is read. It fails when `signal` is aborted. */
function inTurns(source: Source, progress: ImportProgress, signal: AbortSignal): Source {
  return {
    ...source,
    read: async function* () {
      let since = performance.now();
      let counters = 0;
      for await (const item of source.read()) {
        signal.throwIfAborted();
        if ('archived' in item) progress.found(++counters);
        yield item;
        if (performance.now() - since < TURN_MS) continue;
        await CLOCK.turn();
        since = performance.now();
      }
    },
  };
}

/**
 * Imports the file; yields a line of progress at once, others while it works, and then the
 * outcome.
 */
export async function* importUploaded(
  parts: ArchiveParts,
  upload: Upload,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const work = importAll(parts, upload, signal).catch((error: unknown) => {
    const told = asRequestError(error);
    if (!isAppError(told, 'request-invalid')) parts.onFailure(error);
    return lastLine(told);
  });
  try {
    for (;;) {
      yield upload.progress.line();
      // eslint-disable-next-line no-await-in-loop -- one line after the other
      const last = await Promise.race([work, pause(CLOCK, PROGRESS_MS)]);
      if (last !== undefined) {
        yield last;
        return;
      }
    }
  } finally {
    // The next import must not begin before this one has ended.
    await work;
  }
}

/** Checks and imports the file; returns the last line. */
async function importAll(
  { registry, archive, countersMax }: ArchiveParts,
  { source, size, options, progress }: Upload,
  signal: AbortSignal,
): Promise<string> {
  const { as, existing } = options;
  const dryRun = options.dryRun === 'yes';
  const { findings, counters } = await check(source);
  progress.hasRead(size);
  if (findings.mistakes > 0) {
    const mistakes = findings.mistakeLines().join('\n');
    throw mistake(`Mistakes:\n${mistakes}\n\nNothing was changed. Correct them and try again.`);
  }
  if (as !== undefined && counters !== 1)
    throw mistake(`as names one counter, but the file has ${counters}. Nothing was changed.`);
  const terms: ImportTerms = { source: source.digest(), existing };
  const step: ImportChunk = async (chunk, how) => {
    const begunAt = performance.now();
    const outcomes = await patiently(signal, () =>
      dryRun ? archive.previewImport(chunk, how) : archive.importAll(chunk, how),
    );
    progress.add(outcomes);
    // Half of the time is for visits.
    await Bun.sleep(Math.min(performance.now() - begunAt, PAUSE_MS_MAX));
    return outcomes;
  };
  const tally = await importChunks({ source, terms, as, counters }, step);
  const room = countersMax - (await patiently(signal, () => registry.size()));
  return progress.doneLine({
    what: source.what.slice(`${NAME}: `.length),
    dryRun,
    summary: tally.lines(!dryRun).map(inParameters).join('\n'),
    notes: findings.noteLines().join('\n'),
    full: dryRun ? tally.count('made') > room : tally.count('counters-full') > 0,
  });
}

function mistake(message: string): AppError {
  return new AppError('request-invalid', inParameters(message));
}

/** Mistakes in a file are mistakes in the request. An error of the store says how to go on. */
function asRequestError(error: unknown): unknown {
  if (isAppError(error, 'usage-invalid')) return mistake(error.message);
  if (!isAppError(error, 'store-unavailable', 'hit-unconfirmed')) return error;
  const message = `${error.message} What was imported stays: send the file again, and nothing counts twice.`;
  return new AppError('store-unavailable', message, { cause: error });
}

/** Works on the store, and waits while it is unavailable, unless `signal` is aborted. */
export function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const attempt = async () => {
    signal.throwIfAborted();
    return await work();
  };
  return retryWhileUnavailable(attempt, CLOCK, STORE_MS);
}

/** A message of `seen import`, with parameters of the request in place of its flags. */
function inParameters(message: string): string {
  return message
    .replaceAll(/--(from|existing) (\S)/g, '$1=$2')
    .replaceAll(/as in --(namespace|as) (\S)/g, 'as in $1=$2')
    .replaceAll(/--(namespace|as|from|existing)\b/g, '$1');
}

/** The last line of an export or import that has failed. */
export function lastLine(error: unknown): string {
  const { message, code } = isAppError(error) ? error : BUG;
  return `${JSON.stringify({ error: message, code })}\n`;
}
