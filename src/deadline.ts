/**
 * Waits for a promise, up to a time limit. Not here: waiting by a clock that is passed in
 * (`counter/clock.ts`).
 */

/**
 * Returns the result of `work`, or that of `late` when `work` takes longer than `limitMs`. Fails
 * as either of them does; `late` may throw. The work is not stopped: a caller that wants it
 * stopped does so in `late`. A failure of `work` after that is ignored. No timer is left behind.
 * A negative limit is a time that has passed, and counts as 0.
 */
export function within<T, L>(
  limitMs: number,
  work: Promise<T>,
  late: () => L | Promise<L>,
): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        // Not `resolve(promise)`: Bun would report a rejection of that promise as unhandled.
        Promise.try(late).then(resolve, reject);
      },
      Math.max(limitMs, 0),
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
