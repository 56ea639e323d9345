/** Checks a total that a database has as a 64-bit number. */
import { AppError } from '../counter/errors.ts';

/**
 * The total of a counter; `place` is the database. Fails with `counter-unreadable` when a number
 * cannot carry it.
 */
export function exactTotal(counter: string, total: number, place: string): number {
  if (Number.isSafeInteger(total)) return total;
  throw new AppError(
    'counter-unreadable',
    `The total of ${counter} in ${place} was set past ${Number.MAX_SAFE_INTEGER}. Set it lower.`,
  );
}
