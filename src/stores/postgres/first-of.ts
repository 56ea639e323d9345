/** Tries several servers in turn, under one deadline. */
import { AppError, isAppError, messageOf } from '../../counter/errors.ts';

/**
 * Tries the items in turn until one succeeds, each with an equal share of the time that is left.
 * `endsAt` is on the clock of `performance.now()`. Fails with all errors in one, whose code is
 * `store-unusable` only if each has it.
 */
export async function firstOf<T extends object, R>(
  [item, ...others]: readonly T[],
  endsAt: number,
  attempt: (item: T, endsAt: number) => Promise<R>,
  failures: readonly unknown[] = [],
): Promise<R> {
  if (item === undefined) throw allOf(failures);
  const now = performance.now();
  try {
    return await attempt(item, now + (endsAt - now) / (1 + others.length));
  } catch (error) {
    return firstOf(others, endsAt, attempt, [...failures, error]);
  }
}

function allOf(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const code = failures.every((failure) => isAppError(failure, 'store-unusable'))
    ? 'store-unusable'
    : 'store-unavailable';
  const messages = new Set(failures.map(messageOf));
  return new AppError(code, [...messages].join(' '), { cause: new AggregateError(failures) });
}
