/**
 * The bytes of a file, unpacked if it is packed with gzip, and its lines, each checked to be text.
 * Not here: the meaning of lines, and zip files (`zip.ts`).
 */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, messageOf } from '../../counter/errors.ts';

/**
 * The maximum size of an unpacked file. One gigabyte of the same byte packs into one megabyte,
 * which would be read for hours. This is 40 million rows of GoatCounter; larger files must be
 * unpacked first.
 */
export const UNPACKED_MAX_BYTES = 4 * 1024 ** 3;
/** The size of the beginning that identifies the kind of a file. */
const BEGINNING_BYTES = 64 * 1024;
const READ_AT_ONCE = 256 * 1024;

/**
 * The bytes of the file at `path`, unpacked if they are packed. Fails with `usage-invalid` for a
 * file that cannot be read.
 */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const packed = await isPacked(path);
  try {
    const file = createReadStream(path, { highWaterMark: READ_AT_ONCE });
    if (!packed) {
      yield* file;
      return;
    }
    const unpacked = createGunzip();
    // The errors of both are thrown to the reader of `unpacked`.
    pipeline(file, unpacked, () => undefined);
    yield* atMost(unpacked, UNPACKED_MAX_BYTES, path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const why = messageOf(cause);
    const what = packed
      ? `it is packed with gzip, and damaged or cut off (${why}). Get it again`
      : why;
    throw new AppError('usage-invalid', `${path} cannot be read: ${what}.`, { cause });
  }
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
        `${path} is larger than ${max / 1024 ** 3} GiB when it is unpacked. Unpack it, and import the unpacked file.`,
      );
    }
    yield bytes;
  }
}

/**
 * The first 64 KiB of the file at `path`, unpacked. Fails with `usage-invalid` for a file that
 * cannot be read.
 */
export async function readBeginning(path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of bytesOf(path)) {
    pieces.push(bytes);
    size += bytes.length;
    if (size >= BEGINNING_BYTES) break;
  }
  return Buffer.concat(pieces).subarray(0, BEGINNING_BYTES);
}

/**
 * Whether the file at `path` is packed with gzip. Fails with `usage-invalid` for a file that
 * cannot be read.
 */
export async function isPacked(path: string): Promise<boolean> {
  try {
    const start = await Bun.file(path).slice(0, 2).bytes();
    return start[0] === 0x1f && start[1] === 0x8b;
  } catch (cause) {
    const why = messageOf(cause);
    throw new AppError('usage-invalid', `${path} cannot be read: ${why}.`, { cause });
  }
}

/** A line without its line break, numbered from 1; `wrong` is the reason when it is not text. */
export type Line =
  | { readonly number: number; readonly text: string; readonly wrong?: undefined }
  | { readonly number: number; readonly text?: undefined; readonly wrong: string };

/** A counter with the longest possible history takes a tenth of this. */
export const LINE_MAX_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The lines of the file at `path`; `hash` is updated with all bytes. Fails with `usage-invalid`
 * for an unreadable file.
 */
export function linesOf(path: string, hash: Hash = createHash('sha256')): AsyncGenerator<Line> {
  return linesIn(bytesOf(path), hash);
}

/** The lines in `all`; `hash` is updated with all bytes. Fails as `all` does. */
export async function* linesIn(all: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let pieces: Uint8Array[] = [];
  let size = 0;
  const end = (last: Uint8Array): Line => {
    number++;
    const tooLong = size + last.length > LINE_MAX_BYTES;
    const whole = size === 0 || tooLong ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    size = 0;
    if (tooLong)
      return {
        number,
        wrong: `is longer than ${LINE_MAX_BYTES / 1024 / 1024} MiB: this is another kind of file`,
      };
    try {
      // The decoder removes a byte order mark at the beginning.
      return { number, text: decoder.decode(whole).replace(/\r$/, '') };
    } catch {
      return { number, wrong: 'is not text in UTF-8: save the file in UTF-8' };
    }
  };
  for await (const bytes of all) {
    hash.update(bytes);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield end(bytes.subarray(from, at));
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    // The rest of a line that is too long is dropped.
    if (size <= LINE_MAX_BYTES && rest.length > 0) pieces.push(Uint8Array.from(rest));
    size += rest.length;
  }
  if (size > 0) yield end(new Uint8Array());
}
