/**
 * How processes take turns to write to one file.
 *
 * A process that has just committed is the first to notice that the file is free again, and would
 * starve the others. So while others write too it leaves the file alone for a moment. Not here:
 * waiting for a file that another process has locked (`database.ts`).
 */

/**
 * After a commit a process leaves the file alone for so many times as long as it held it, and
 * never longer than it takes each of the others to look once: room for them, and no penalty for
 * one slow sync.
 */
const YIELD_FACTOR = 4;
const YIELD_MAX_MS = 4;
/** Others count as active for so long after they wrote. */
const OTHERS_ACTIVE_MS = 1000;

/** All times are on the clock of `performance.now()`. */
export class WriteTurns {
  /** When another process was last seen writing. */
  #othersAt = Number.NEGATIVE_INFINITY;
  /** What SQLite's count of others' writes was last (`PRAGMA data_version`). */
  #othersWrites: number | undefined;
  #yieldUntil = 0;

  /**
   * Resolves when it is not the others' turn: after a commit, while they write too, that takes
   * `YIELD_MAX_MS` at the most.
   */
  async wait(): Promise<void> {
    const leftMs = this.#yieldUntil - performance.now();
    if (leftMs > 0) await Bun.sleep(Math.ceil(leftMs));
  }

  /** Notes that another process had the file locked at `at`. */
  noteLocked(at: number): void {
    this.#othersAt = at;
  }

  /** Notes how many writes of others there were at `at`: they have written if it has changed. */
  noteWrites(count: number | undefined, at: number): void {
    if (this.#othersWrites !== undefined && count !== this.#othersWrites) this.#othersAt = at;
    this.#othersWrites = count;
  }

  /** Gives the others, if there are any, their turn after a commit that began at `startedAt`. */
  yield(startedAt: number): void {
    const endedAt = performance.now();
    if (endedAt - this.#othersAt < OTHERS_ACTIVE_MS) {
      this.#yieldUntil = endedAt + Math.min(YIELD_FACTOR * (endedAt - startedAt), YIELD_MAX_MS);
    }
  }
}
