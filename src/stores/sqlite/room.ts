/**
 * Checks whether the disk has space for new data: counters, keys of requests, visitors, hours of
 * the history.
 *
 * On a full disk no commit succeeds, so counting stops for everybody. Before that, no new data is
 * stored and existing counters keep counting: their rows are changed in place. Not here: leaving
 * data out (`changes.ts`).
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * This much stays free for existing counters: the write-ahead log, and a row for each counter and
 * day.
 */
const KEPT_FREE_BYTES = 100 * 2 ** 20;
/** The largest part of a small disk to keep free. */
const KEPT_FREE_PART = 0.1;
/** The interval of checks while there are commits. */
const LOOK_EVERY_MS = 500;

export class SqliteRoom {
  readonly #folder: string;
  #short = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Checks the disk that has the file at `path`. */
  constructor(path: string) {
    this.#folder = dirname(path);
  }

  /** Whether the disk was nearly full at the last check. */
  get short(): boolean {
    return this.#short;
  }

  /** Checks the disk, if a check is due. Never fails. */
  look(): void {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    try {
      const { bsize, blocks, bavail } = statfsSync(this.#folder);
      const kept = Math.min(KEPT_FREE_BYTES, blocks * bsize * KEPT_FREE_PART);
      // The end of a shortage needs more free space, so that the state does not flap.
      this.#short = bavail * bsize < kept * (this.#short ? 1.25 : 1);
    } catch {
      // The folder is gone. The commit reports it.
    }
  }
}
