/**
 * Splits counters into chunks that a store imports in one step without delaying others for long.
 */
import type { ArchivedCounter } from '../../contract/archive.ts';

/**
 * The maximum numbers of counters and history values in a chunk: about ten milliseconds of a
 * store.
 */
const COUNTERS_AT_ONCE = 100;
const FIGURES_AT_ONCE = 1000;

/** The counters in chunks; a counter with more history than the maximum is a chunk of its own. */
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
