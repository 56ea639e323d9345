/**
 * Waiting for something, but not for ever. A leaf. Not here: waiting by a clock that is passed in
 * (`counter/patience.ts`).
 */

/**
 * What `work` comes to, or what `late` answers when that takes longer than `limitMs`; `late` may
 * throw instead. Fails as either of them does. The work itself goes on: who wants it ended ends it
 * in `late`, and how it fails then is nobody's business. No timer is left behind.
 */
export function within<T, L>(
  limitMs: number,
  work: Promise<T>,
  late: () => L | Promise<L>,
): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // Not `resolve` with this promise: Bun would hold a rejection of it for unhandled.
      Promise.try(late).then(resolve, reject);
    }, limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
