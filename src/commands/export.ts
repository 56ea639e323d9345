/**
 * `seen export [FILE]`: writes all counters, while Seen keeps counting.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeJsonLines } from '../archive/formats/json-lines.ts';
import { writeCsv } from '../archive/formats/seen-csv.ts';
import { type GatheredExport, gather } from '../archive/gather.ts';
import { readConfig } from '../config/config.ts';
import { AppError } from '../counter/errors.ts';
import { retryWhileUnavailable } from '../counter/retrying.ts';
import { pluralize } from '../plural.ts';
import { type Command, type Context, oneOf, separateArguments } from './command.ts';
import { CLOCK } from './compose/counter.ts';
import { composeStore } from './compose/store.ts';
import { makeFolder, publishFile, refuseTarget } from './files.ts';
import { PIPE_FULL_MS } from './output.ts';
import { INTERRUPTED, interruption, showProgress } from './terminal.ts';

const STDOUT = 1;
/** The number of characters to gather for one write. */
const WRITTEN_AT_ONCE = 256 * 1024;
const WRITERS = { jsonl: writeJsonLines, csv: writeCsv } as const;

async function run({ argv, env, print }: Context): Promise<number> {
  const { own, positionals, rest } = separateArguments(argv, { format: 'string' });
  const [file, ...more] = positionals;
  if (more.length > 0)
    throw new AppError('usage-invalid', 'Name one file, as in: seen export counters.jsonl');
  const format =
    oneOf('format', own.format, ['jsonl', 'csv']) ?? (file?.endsWith('.csv') ? 'csv' : 'jsonl');
  const config = readConfig({ argv: rest, env });
  if (file !== undefined) refuseTarget(file);
  const store = await composeStore(config, 'refuse');
  const progress = showProgress('counters');
  // From here on a signal does not end the process before the folder is gone.
  using stop = interruption();
  const folder = makeFolder(file, 'seen-export-');
  try {
    const size = await retryWhileUnavailable(() => store.registry.size(), CLOCK, config.waitMs);
    const counters = untilStopped(store.archive.readAll(), stop.signal);
    const gathered = await gather(counters, Date.now(), join(folder, 'counters'), (count) =>
      progress.at(count, size),
    );
    const pieces = untilStopped(WRITERS[format](gathered, gathered.all), stop.signal);
    if (file === undefined) await writeAll(pieces, STDOUT, stop.signal);
    else await writeWhole(pieces, join(folder, 'whole'), resolve(file), stop.signal);
    progress.end();
    if (file !== undefined) print(`${summary(gathered)}: ${file}\n`);
    return 0;
  } catch (error) {
    if (error instanceof Stopped || codeOf(error) === 'EPIPE') return INTERRUPTED;
    if (error instanceof AppError || codeOf(error) === undefined) throw error;
    const where = file ?? 'the standard output';
    throw new AppError(
      'usage-invalid',
      `Nothing was exported: ${where} cannot be written: ${String(error)}.`,
      {
        cause: error,
      },
    );
  } finally {
    progress.end();
    rmSync(folder, { recursive: true, force: true });
    await store.close();
  }
}

/**
 * The system's error code for a file: `ENOSPC`, or `EPIPE` when the reader of the output has
 * ended.
 */
function codeOf(error: unknown): string | undefined {
  const code =
    error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function summary({ moment, counters }: GatheredExport): string {
  const many = pluralize(counters, 'counter');
  return `${many}, read at ${new Date(moment).toISOString()}`;
}

/** Writes the complete export and syncs it, and only then moves it to `path`. */
async function writeWhole(
  pieces: AsyncIterable<string>,
  unfinished: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  // Only its owner may read it: it contains hashes of tokens.
  const file = openSync(unfinished, 'w', 0o600);
  try {
    await writeAll(pieces, file, signal);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  publishFile(unfinished, path);
}

/**
 * Writes to an open file or pipe, in larger pieces. It does not use Bun's streams, which ignore
 * errors of a full disk (1.4.5). Fails with `Stopped` when `signal` is aborted.
 */
async function writeAll(
  pieces: AsyncIterable<string>,
  file: number,
  signal: AbortSignal,
): Promise<void> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < WRITTEN_AT_ONCE) continue;
    await writeBytes(Buffer.from(text), file, signal);
    text = '';
  }
  await writeBytes(Buffer.from(text), file, signal);
}

async function writeBytes(bytes: Uint8Array, file: number, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    // The reader of a pipe may read nothing more, and wait for the end: `seen export | less`.
    if (signal.aborted) throw new Stopped();
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      // The reader of the pipe is slower.
      // eslint-disable-next-line no-await-in-loop -- waiting for room
      await Bun.sleep(PIPE_FULL_MS);
    }
  }
}

class Stopped extends Error {}

async function* untilStopped<T>(all: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const one of all) {
    if (signal.aborted) throw new Stopped();
    yield one;
  }
}

export const exportCommand: Command = {
  summary: 'write all counters to a file',
  manual: () => `Usage: seen export [FILE] [FLAGS]

Writes all data of all counters: totals, creation times, titles, links, rules, hashes of owners'
tokens, visits by hour and day, visitors by day. Seen may keep counting. Each counter is
consistent and has every visit that was answered before the export began; on SQLite all counters
are of the same moment. Without FILE the export is printed. FILE appears only when it is complete.
seen import reads it into any store.

Run it where the store can be reached, with the settings of seen serve (SEEN_STORE_URL, or
--store-url). Data that expires within two days is not exported: hashes of today's visitors and
their salt, keys of requests, writers.

Flags:
  --format jsonl|csv   JSON Lines, or CSV with one value per row [by the name of FILE; jsonl]
  and the settings of seen serve

Exit status:
  0    the export is complete
  1    a counter could not be read; nothing is written
  2    a mistake in the command line or in the settings
  69   the store cannot be reached
  130  ended by Ctrl-C, and nothing is written; or the reader of the printed export has ended
`,
  run,
};
