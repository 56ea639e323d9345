/**
 * The bytes of a file, unpacked if it is packed with gzip, and its lines, each checked to be text.
 * The file is on disk, or in memory. Not here: the meaning of lines, and zip files (`zip.ts`).
 */

import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, messageOf } from '../../counter/errors.ts';
import { COMMAND_LIMITS } from '../limits.ts';

/** A file in memory. */
export interface MemoryFile {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The size that its unpacked content may have. */
  readonly unpackedMax: number;
  /**
   * Awaited before each piece is read, with the number of bytes before it. Its errors are those of
   * the reader.
   */
  readonly turn: (read: number) => Promise<void>;
}

/** A file on disk, by its path, or one in memory. */
export type SourceFile = string | MemoryFile;

/** What messages call the file. */
export function nameOf(file: SourceFile): string {
  return typeof file === 'string' ? file : file.name;
}

/** The size that the unpacked content of the file may have. */
export function unpackedMaxOf(file: SourceFile): number {
  return typeof file === 'string' ? COMMAND_LIMITS.unpackedBytes : file.unpackedMax;
}

/** The size of the beginning that identifies the kind of a file. */
const BEGINNING_BYTES = 64 * 1024;
const READ_AT_ONCE_BYTES = 256 * 1024;
/** Less, because other work of the process waits for each piece to be handled. */
const READ_FROM_MEMORY_BYTES = 64 * 1024;

/**
 * The bytes of the file, unpacked if they are packed. Fails with `usage-invalid` for a file that
 * cannot be read.
 */
export async function* bytesOf(file: SourceFile): AsyncGenerator<Uint8Array> {
  const packed = await isPacked(file);
  const path = nameOf(file);
  try {
    const stored =
      typeof file === 'string'
        ? createReadStream(file, { highWaterMark: READ_AT_ONCE_BYTES })
        : Readable.from(piecesOf(file));
    if (!packed) {
      yield* stored;
      return;
    }
    const unpacked = createGunzip();
    // The errors of both are thrown to the reader of `unpacked`.
    pipeline(stored, unpacked, () => undefined);
    yield* atMost(unpacked, unpackedMaxOf(file), path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const why = messageOf(cause);
    const what = packed
      ? `it is packed with gzip, and damaged or cut off (${why}). Get it again`
      : why;
    throw new AppError('usage-invalid', `${path} cannot be read: ${what}.`, { cause });
  }
}

async function* piecesOf({ bytes, turn }: MemoryFile): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += READ_FROM_MEMORY_BYTES) {
    // eslint-disable-next-line no-await-in-loop -- one piece after the other
    await turn(at);
    yield bytes.subarray(at, at + READ_FROM_MEMORY_BYTES);
  }
  await turn(bytes.length);
}

/** Passes on all bytes. Fails with `usage-invalid` when there are more than `max`. */
export async function* atMost(
  all: AsyncIterable<Uint8Array>,
  max: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const bytes of all) {
    size += bytes.length;
    if (size > max) {
      throw new AppError(
        'usage-invalid',
        `${path} is larger than ${sizeOf(max)} when it is unpacked. Unpack it, and import the unpacked file.`,
      );
    }
    yield bytes;
  }
}

function sizeOf(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes < 1024 ? `${mebibytes} MiB` : `${mebibytes / 1024} GiB`;
}

/**
 * The first 64 KiB of the file, unpacked. Fails with `usage-invalid` for a file that cannot be
 * read.
 */
export async function readBeginning(file: SourceFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of bytesOf(file)) {
    pieces.push(bytes);
    size += bytes.length;
    if (size >= BEGINNING_BYTES) break;
  }
  return Buffer.concat(pieces).subarray(0, BEGINNING_BYTES);
}

/**
 * Whether the file is packed with gzip. Fails with `usage-invalid` for a file that cannot be read.
 */
export async function isPacked(file: SourceFile): Promise<boolean> {
  try {
    const start = typeof file === 'string' ? await Bun.file(file).slice(0, 2).bytes() : file.bytes;
    return start[0] === 0x1f && start[1] === 0x8b;
  } catch (cause) {
    const why = messageOf(cause);
    throw new AppError('usage-invalid', `${nameOf(file)} cannot be read: ${why}.`, { cause });
  }
}

/** A line without its line break, numbered from 1; `wrong` is the reason when it is not text. */
export type Line =
  | { readonly number: number; readonly text: string; readonly wrong?: undefined }
  | { readonly number: number; readonly text?: undefined; readonly wrong: string };

/** A counter with the longest possible history takes a tenth of this. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The lines of the file; `hash` is updated with all bytes, if it is given. Fails with
 * `usage-invalid` for an unreadable file.
 */
export function linesOf(file: SourceFile, hash?: Hash): AsyncGenerator<Line> {
  return linesIn(bytesOf(file), hash);
}

/** The lines in `all`; `hash` is updated with all bytes, if it is given. Fails as `all` does. */
export async function* linesIn(all: AsyncIterable<Uint8Array>, hash?: Hash): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let pieces: Uint8Array[] = [];
  let size = 0;
  const end = (last: Uint8Array): Line => {
    number++;
    const tooLong = size + last.length > LINE_BYTES_MAX;
    const whole = size === 0 || tooLong ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    size = 0;
    if (tooLong)
      return {
        number,
        wrong: `is longer than ${LINE_BYTES_MAX / 1024 / 1024} MiB: this is another kind of file`,
      };
    try {
      // The decoder removes a byte order mark at the beginning.
      return { number, text: decoder.decode(whole).replace(/\r$/, '') };
    } catch {
      return { number, wrong: 'is not text in UTF-8: save the file in UTF-8' };
    }
  };
  for await (const bytes of all) {
    hash?.update(bytes);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield end(bytes.subarray(from, at));
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    // The rest of a line that is too long is dropped.
    if (size <= LINE_BYTES_MAX && rest.length > 0) pieces.push(Uint8Array.from(rest));
    size += rest.length;
  }
  if (size > 0) yield end(new Uint8Array());
}
