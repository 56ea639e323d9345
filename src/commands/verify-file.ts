/** The files that `seen verify` writes. A full disk costs a file, and not the report of a run. */
import { constants, createWriteStream, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { AppError, messageOf } from '../counter/errors.ts';

/** A file that is written during a run. */
export interface VerifyFile {
  /** Adds `text`. Does nothing after a failure, which `end` returns. */
  write(text: string): void;
  /** Adds the last `text`. Resolves with the failure, for people, or `undefined`. */
  end(text: string): Promise<string | undefined>;
}

/** The paths of the flags. */
interface FilePaths {
  readonly json?: string | undefined;
  readonly history?: string | undefined;
}

/**
 * The files of the flags, empty and open for writing; each `undefined` without its flag. Fails
 * with `usage-invalid`, and leaves both as they are, when one cannot be written.
 */
export function openFiles({ json, history }: FilePaths): {
  readonly json: VerifyFile | undefined;
  readonly history: VerifyFile | undefined;
} {
  if (json !== undefined && history !== undefined && resolve(json) === resolve(history)) {
    const why = `--json and --history name the same file: “${json}”. Give each a file of its own.`;
    throw new AppError('usage-invalid', why);
  }
  const [forJson, forHistory] = [openForWriting('json', json), openForWriting('history', history)];
  return { json: fileFor('json', forJson), history: fileFor('history', forHistory) };
}

/** The file behind a descriptor, emptied. */
function fileFor(flag: string, descriptor: number | undefined): VerifyFile | undefined {
  if (descriptor === undefined) return undefined;
  // A terminal or a pipe has no length.
  if (fstatSync(descriptor).isFile()) ftruncateSync(descriptor);
  const stream = createWriteStream('', { fd: descriptor });
  // `finished` returns the error. Without a listener it would end the process.
  stream.on('error', () => undefined);
  return {
    write(text) {
      if (!stream.destroyed) stream.write(text);
    },
    async end(text) {
      stream.end(text);
      try {
        await finished(stream);
        return undefined;
      } catch (error) {
        return `The file of --${flag} is not complete: ${messageOf(error)}.`;
      }
    },
  };
}

/** Opens the file, and makes it if it does not exist. */
function openForWriting(flag: string, path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT);
  } catch (cause) {
    const why = `--${flag} names a file that cannot be written: ${messageOf(cause)}.`;
    throw new AppError('usage-invalid', why, { cause });
  }
}
