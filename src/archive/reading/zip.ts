/**
 * Lists the files in a zip file and reads their bytes, with bounds on both. yauzl reads the
 * format.
 */
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { AppError, messageOf } from '../../counter/errors.ts';
import { atMost, nameOf, type SourceFile, unpackedMaxOf } from './bytes.ts';

/** An export has a dozen files. */
const FILES_MAX = 1000;

/** An open zip file. */
export interface Zip extends AsyncDisposable {
  /** The names of its files, without folders. */
  readonly names: ReadonlySet<string>;
  /**
   * The bytes of the first file of this name. Fails with `usage-invalid` when it is not there, or
   * damaged.
   */
  bytesOf(name: string): AsyncGenerator<Uint8Array>;
}

/** Opens a zip file. Fails with `usage-invalid` when it is another kind of file, or damaged. */
export async function openZip(source: SourceFile): Promise<Zip> {
  // Loaded here, because few commands need it.
  const { fromBufferPromise, openPromise } = await import('yauzl');
  const path = nameOf(source);
  const file = await inOurWords(path, () =>
    typeof source === 'string'
      ? openPromise(source, { autoClose: false })
      : fromBufferPromise(source.bytes),
  );
  try {
    const entries = await inOurWords(path, () => entriesOf(file, path));
    const max = unpackedMaxOf(source);
    return {
      names: new Set(entries.keys()),
      bytesOf: (name) => unpack(file, entries.get(name), `${name} in ${path}`, path, max),
      [Symbol.asyncDispose]: async () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function entriesOf(file: ZipFile, path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let count = 0;
  for await (const entry of file.eachEntry()) {
    if (++count > FILES_MAX)
      throw new AppError(
        'usage-invalid',
        `${path} is a zip file with more than ${FILES_MAX} files.`,
      );
    const name = entry.fileName.slice(entry.fileName.lastIndexOf('/') + 1);
    if (name !== '' && !entries.has(name)) entries.set(name, entry);
  }
  return entries;
}

/** The bytes of a file, checked against the sizes and the check sum that the zip file states. */
async function* unpack(
  file: ZipFile,
  entry: Entry | undefined,
  what: string,
  path: string,
  max: number,
): AsyncGenerator<Uint8Array> {
  if (entry === undefined) throw new AppError('usage-invalid', `There is no ${what}.`);
  if (entry.isEncrypted())
    throw new AppError(
      'usage-invalid',
      `${what} has a password. Unpack it, and pack it again without a password.`,
    );
  let sum = 0;
  try {
    const stream = await file.openReadStreamPromise(entry);
    for await (const bytes of atMost(stream, max, what)) {
      sum = crc32(bytes, sum);
      yield bytes;
    }
  } catch (error) {
    throw asAppError(path, error);
  }
  if (sum !== entry.crc32) throw asAppError(path, new Error(`${what} has another check sum`));
}

async function inOurWords<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asAppError(path, error);
  }
}

function asAppError(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const why = messageOf(cause).replace(/\.$/, '');
  return new AppError(
    'usage-invalid',
    `${path} cannot be read: it is a damaged or incomplete zip file (${why}). Get it again.`,
    { cause },
  );
}
