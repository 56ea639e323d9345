/**
 * Whether the disk has room left for more: new counters, keys of requests, visitors, hours of the
 * history.
 *
 * On a full disk no commit succeeds, so counting stops for everybody. Before it comes to that,
 * nothing new is kept and the counters that are there count on: their rows are changed in place.
 * Not here: what is left out then (`changes.ts`).
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * So much stays free for what existing counters need: the write-ahead log, and a row for each
 * counter and day.
 */
const KEPT_FREE_BYTES = 100 * 2 ** 20;
/** Of a small disk no more than this part. */
const KEPT_FREE_PART = 0.1;
/** How often the system is asked while there are commits. */
const LOOK_EVERY_MS = 500;

export class SqliteRoom {
  readonly #folder: string;
  #short = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** For the disk that the file at `path` is on. */
  constructor(path: string) {
    this.#folder = dirname(path);
  }

  /** Whether the disk was short of room at the last look. */
  get short(): boolean {
    return this.#short;
  }

  /** Has a look, if the last one was some time ago. Never fails. */
  look(): void {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    try {
      const { bsize, blocks, bavail } = statfsSync(this.#folder);
      const kept = Math.min(KEPT_FREE_BYTES, blocks * bsize * KEPT_FREE_PART);
      // More must be free before it ends, so that it does not change to and fro.
      this.#short = bavail * bsize < kept * (this.#short ? 1.25 : 1);
    } catch {
      // The folder is gone. The commit says so.
    }
  }
}
