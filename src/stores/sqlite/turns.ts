/**
 * How processes take turns to write to one file.
 *
 * A process that has just committed is the first to notice that the file is free again, and would
 * starve the others. So while others write too it pauses for a moment. Not here: waiting for a
 * file that another process has locked (`database.ts`).
 */

/**
 * After a commit a process pauses for this many times the length of the commit. The maximum is the
 * time in which each of the others tries once, so that one slow sync does not cost more.
 */
const YIELD_FACTOR = 4;
const YIELD_MAX_MS = 4;
/** For this long after a write, other processes count as active. */
const OTHERS_ACTIVE_MS = 1000;

/** All times are on the clock of `performance.now()`. */
export class WriteTurns {
  /** When another process was last seen writing. */
  #othersAt = Number.NEGATIVE_INFINITY;
  /** SQLite's last value that changes with others' writes (`PRAGMA data_version`). */
  #othersWrites: number | undefined;
  #yieldUntil = 0;

  /**
   * Resolves when this process may write. After a commit, while others write too, it waits for
   * `YIELD_MAX_MS` at the most.
   */
  async wait(): Promise<void> {
    const leftMs = this.#yieldUntil - performance.now();
    if (leftMs > 0) await Bun.sleep(Math.ceil(leftMs));
  }

  /** Records that another process had the file locked at `at`. */
  noteLocked(at: number): void {
    this.#othersAt = at;
  }

  /** Records the value of `data_version` at `at`. If it has changed, others have written. */
  noteWrites(count: number | undefined, at: number): void {
    if (this.#othersWrites !== undefined && count !== this.#othersWrites) this.#othersAt = at;
    this.#othersWrites = count;
  }

  /** After a commit that began at `startedAt`, pauses if other processes are active. */
  yield(startedAt: number): void {
    const endedAt = performance.now();
    if (endedAt - this.#othersAt < OTHERS_ACTIVE_MS) {
      this.#yieldUntil = endedAt + Math.min(YIELD_FACTOR * (endedAt - startedAt), YIELD_MAX_MS);
    }
  }
}
