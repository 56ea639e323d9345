/** Counters in pieces that a store brings at one go without keeping others waiting for long. */
import type { ArchivedCounter } from '../../contract/archive.ts';

/**
 * So many counters at once, and so many figures of their history: about ten milliseconds of a
 * store.
 */
const COUNTERS_AT_ONCE = 100;
const FIGURES_AT_ONCE = 1000;

/** The counters, some at a time; one with more history than that alone. */
export async function* chunksOf(
  all: AsyncIterable<ArchivedCounter>,
): AsyncGenerator<readonly ArchivedCounter[]> {
  let chunk: ArchivedCounter[] = [];
  let figures = 0;
  for await (const archived of all) {
    const { hours, days, visitors } = archived.past;
    const more = hours.length + days.length + visitors.size;
    if (
      chunk.length === COUNTERS_AT_ONCE ||
      (chunk.length > 0 && figures + more > FIGURES_AT_ONCE)
    ) {
      yield chunk;
      chunk = [];
      figures = 0;
    }
    chunk.push(archived);
    figures += more;
  }
  if (chunk.length > 0) yield chunk;
}
