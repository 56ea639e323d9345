/** Commits on many counters while something else is measured (archive.ts, lists.ts). */
import { randomUUID } from 'node:crypto';
import type { Counting } from '../src/contract/counting.ts';

/** So many counters there are. */
export const COUNTERS = 100_000;
/** The number of counters in a batch, as in a busy replica. */
const IN_A_BATCH = 50;
/** The pause between two commits. */
const PAUSE_MS = 2;

/** The name of one of them. */
export const nameOf = (index: number) => `many/page-${String(index).padStart(6, '0')}`;

/**
 * Commits one batch after the other, on counters far apart, until `work` is done. Returns the
 * times of the commits in milliseconds, sorted.
 */
export async function whileCounting<T>(
  counting: Counting,
  work: () => Promise<T>,
): Promise<{ done: T; commitsMs: number[] }> {
  const writer = randomUUID();
  const commitsMs: number[] = [];
  const until = new AbortController();
  const commits = (async () => {
    for (let sequence = 1; !until.signal.aborted; sequence++) {
      const changes = Array.from({ length: IN_A_BATCH }, (_, index) => ({
        counter: nameOf((sequence * 7919 + index * 1999) % COUNTERS),
        amount: 1,
      }));
      const distinct = [...new Map(changes.map((change) => [change.counter, change])).values()];
      const startedAt = performance.now();
      await counting.commit({ writer, sequence, changes: distinct });
      commitsMs.push(performance.now() - startedAt);
      await Bun.sleep(PAUSE_MS);
    }
  })();
  const done = await work();
  until.abort();
  await commits;
  return { done, commitsMs: commitsMs.toSorted((a, b) => a - b) };
}
