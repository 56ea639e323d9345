/** A file as lines of text, however large it is: unpacked (gzip), and each line checked to be text. Not here: what stands in them. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '../counter/errors.ts';

/** A line without its end, numbered from 1; `wrong` says why there is no text. */
export type Line =
  | { readonly number: number; readonly text: string; readonly wrong?: undefined }
  | { readonly number: number; readonly text?: undefined; readonly wrong: string };

/** A counter with all the history that there can be takes a tenth of this. */
const LINE_MAX_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

/** The lines of the file at `path`; `hash` is told all bytes of them. Fails with `usage-invalid` for what cannot be read. */
export async function* linesOf(path: string, hash: Hash = createHash('sha256')): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let pieces: Uint8Array[] = [];
  let size = 0;
  const end = (last: Uint8Array): Line => {
    number++;
    const whole = size === 0 ? last : Buffer.concat([...pieces, last]);
    const tooLong = size + last.length > LINE_MAX_BYTES;
    pieces = [];
    size = 0;
    if (tooLong)
      return { number, wrong: `is longer than ${LINE_MAX_BYTES / 1024 / 1024} MiB: this is no such file` };
    try {
      // A mark of the order of bytes at the beginning is not shown by the decoder.
      return { number, text: decoder.decode(whole).replace(/\r$/, '') };
    } catch {
      return { number, wrong: 'is not text in UTF-8: save the file in UTF-8' };
    }
  };
  for await (const bytes of bytesOf(path)) {
    hash.update(bytes);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield end(bytes.subarray(from, at));
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    // Of a line that is too long nothing more is held.
    if (size <= LINE_MAX_BYTES) pieces.push(Uint8Array.from(rest));
    size += rest.length;
  }
  if (size > 0) yield end(new Uint8Array());
}

/** The bytes of a file, unpacked if they are packed. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    const packed = await isPacked(path);
    const file = createReadStream(path, { highWaterMark: 256 * 1024 });
    let source: AsyncIterable<Uint8Array> = file;
    if (packed) {
      const unpacked = createGunzip();
      // What goes wrong with either is thrown by whoever reads on.
      pipeline(file, unpacked, () => undefined);
      source = unpacked;
    }
    yield* source;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('usage-invalid', `${path} cannot be read: ${why}.`, { cause });
  }
}

async function isPacked(path: string): Promise<boolean> {
  const start = await Bun.file(path).slice(0, 2).bytes();
  return start[0] === 0x1f && start[1] === 0x8b;
}
