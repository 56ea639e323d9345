/** Helpers of the contract suites: names, keys, batches, and errors by their codes. */
import { randomUUID } from 'node:crypto';
import type { Batch, Change, RequestKey } from '../../src/contract/counting.ts';
import { isAppError } from '../../src/counter/errors.ts';

export const MAX = Number.MAX_SAFE_INTEGER;

/** Sorts by text. */
export const byText = (a: unknown, b: unknown) => (String(a) < String(b) ? -1 : 1);

/** The name of a counter that nobody else has. */
export const fresh = () => `contract/${randomUUID()}`;
/** A key that nobody else has. */
export const freshKey = () => randomUUID();
export const once = (key: string, request = '1'): RequestKey => ({ key, request });

/** Makes the batches of a new writer, one after the other. */
export function newWriter(): (...changes: Change[]) => Batch {
  const writer = randomUUID();
  let sequence = 0;
  return (...changes) => ({ writer, sequence: ++sequence, changes });
}

/** The code of the error that `work` fails with. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
  return 'no error';
}
