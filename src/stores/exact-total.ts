/** Checks a total that a database stores as a 64-bit number. */
import { AppError } from '../counter/errors.ts';

/**
 * Returns `total`. Fails with `counter-unreadable` when a number cannot hold it exactly; `place`
 * is the database, for the message.
 */
export function exactTotal(counter: string, total: number, place: string): number {
  if (Number.isSafeInteger(total)) return total;
  throw new AppError(
    'counter-unreadable',
    `The total of ${counter} in ${place} was set past ${Number.MAX_SAFE_INTEGER}. Set it lower.`,
  );
}
