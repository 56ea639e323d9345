/**
 * Receives a file that a client sends as the body of its request, into memory: a replica may have
 * no folder to write to. Not here: who may send one, and how large (`body-limit.ts`).
 */
import { AppError } from '../../counter/errors.ts';
import { within } from '../../deadline.ts';
import type { AppContext } from '../context.ts';
import { UPLOAD_BYTES_MAX, uploadTooLarge } from './body-limit.ts';

/** How long an upload may take. */
export interface UploadTimes {
  /** Until the next piece of it. */
  readonly idleMs: number;
  readonly wholeMs: number;
}

/** 64 MiB in ten minutes are about one megabit per second. */
export const UPLOAD_TIMES: UploadTimes = { idleMs: 30_000, wholeMs: 10 * 60_000 };
/** The seconds in which an uploaded file must get its response, and then the next request. */
const ANSWERED_SECONDS = 60;
/** The first room for a file of unknown length. It is doubled as often as needed. */
const FIRST_BYTES = 64 * 1024;

/**
 * Returns the body. A stop does not wait for it. Fails with `body-too-large`, and with
 * `body-incomplete` when it takes too long or the client leaves.
 */
export async function receiveUpload(c: AppContext, times: UploadTimes): Promise<Buffer> {
  const { env } = c;
  const { body, headers } = c.req.raw;
  if (body === null) return Buffer.alloc(0);
  env.lacksBody = true;
  // Its own limits are below. Bun would close the connection as idle.
  env.closeAfter(0);
  const reader = body.getReader();
  try {
    const length = Number(headers.get('Content-Length') ?? FIRST_BYTES);
    return await collect(reader, Math.min(length, UPLOAD_BYTES_MAX), times);
  } catch (error) {
    // The rest is of no use. What is thrown for that says nothing new.
    void reader.cancel().catch(() => undefined);
    if (error instanceof AppError) throw error;
    throw new AppError('body-incomplete', 'The file did not arrive whole. Nothing was imported.', {
      cause: error,
    });
  } finally {
    env.lacksBody = false;
    env.closeAfter(ANSWERED_SECONDS);
  }
}

async function collect(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, 'read'>,
  expected: number,
  { idleMs, wholeMs }: UploadTimes,
): Promise<Buffer> {
  const until = performance.now() + wholeMs;
  let room = Buffer.allocUnsafe(expected);
  let size = 0;
  for (;;) {
    const leftMs = Math.max(0, Math.min(idleMs, until - performance.now()));
    // eslint-disable-next-line no-await-in-loop -- one piece after the other
    const { done, value } = await within(leftMs, reader.read(), () => {
      throw new AppError(
        'body-incomplete',
        'The file took too long to arrive, and nothing was imported. Import it with the command seen import FILE.',
      );
    });
    if (done) return room.subarray(0, size);
    if (size + value.length > UPLOAD_BYTES_MAX) throw uploadTooLarge();
    if (size + value.length > room.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * room.length, size + value.length));
      room.copy(larger, 0, 0, size);
      room = larger;
    }
    room.set(value, size);
    size += value.length;
  }
}
