/**
 * Splits bytes of any size into lines, and checks that each is text. Not here: the meaning of
 * lines.
 */
import { createHash, type Hash } from 'node:crypto';
import { bytesOf } from './bytes.ts';

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
