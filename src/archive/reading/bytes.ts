/**
 * The bytes of a file, unpacked if it is packed with gzip. Not here: lines (`lines.ts`), and zip
 * files (`zip.ts`).
 */
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
 * The bytes of the file at `path`, unpacked if they are packed. Fails with `usage-invalid` for
 * what cannot be read.
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
 * The first 64 KiB of the file at `path`, unpacked. Fails with `usage-invalid` for what cannot be
 * read.
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
 * Whether the file at `path` is packed with gzip. Fails with `usage-invalid` for what cannot be
 * read.
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
