/** A file that `seen verify` writes. A full disk costs this file, and not the report of a run. */
import { createWriteStream, openSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { AppError, messageOf } from '../counter/errors.ts';

/** A file that is written during a run. */
export interface VerifyFile {
  /** Adds `text`. Does nothing after a failure, which `end` returns. */
  write(text: string): void;
  /** Adds the last `text`. Resolves with the failure, for people, or `undefined`. */
  end(text: string): Promise<string | undefined>;
}

/**
 * The file of a flag, empty and open for writing; `undefined` without the flag. Fails with
 * `usage-invalid`.
 */
export function openFile(flag: string, path: string | undefined): VerifyFile | undefined {
  if (path === undefined) return undefined;
  const stream = createWriteStream('', { fd: openForWriting(flag, path) });
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

function openForWriting(flag: string, path: string): number {
  try {
    return openSync(path, 'w');
  } catch (cause) {
    const why = `--${flag} names a file that cannot be written: ${messageOf(cause)}.`;
    throw new AppError('usage-invalid', why, { cause });
  }
}
