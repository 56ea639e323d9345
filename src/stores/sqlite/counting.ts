/**
 * Counting in a SQLite file: a batch is one transaction, synced to the disk before it is answered.
 * `SqliteSpace` checks whether the disk has space for new data: counters, keys of requests,
 * visitors, hours of the history.
 *
 * On a full disk no commit succeeds, so counting stops for everybody. Before that, no new data is
 * stored and existing counters keep counting: their rows are changed in place. Not here: the
 * transaction and the turns of processes (`database.ts`), applying changes and leaving data out
 * (`changes.ts`), and retrying a batch, which the counter decides.
 */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Batch, Counting, Outcome } from '../../contract/counting.ts';
import { AppError, uncounted } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import { exactTotal } from '../exact-total.ts';
import type { PartOptions } from '../part-options.ts';
import { applyChanges } from './changes.ts';
import type { SqliteDatabase } from './database.ts';

export class SqliteCounting implements Counting {
  readonly #database: SqliteDatabase;
  readonly #space: SqliteSpace;
  readonly #options: PartOptions;
  /** Whether the last commit failed. */
  #failed = false;

  constructor(database: SqliteDatabase, space: SqliteSpace, options: PartOptions) {
    this.#database = database;
    this.#space = space;
    this.#options = options;
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    try {
      const outcomes = await this.#apply(batch);
      this.#failed = false;
      return outcomes;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /**
   * A batch without changes counts nothing, so it is not synced: otherwise an idle Seen would make
   * the disk sync every 2 s forever. It still detects a full disk, a locked or moved file and lost
   * permissions, which fail the write. The next visit detects errors of the sync alone. After such
   * a failure empty batches are synced too, until one succeeds.
   */
  #apply({ writer, sequence, changes }: Batch): Promise<readonly Outcome[]> {
    const at = this.#options.now();
    this.#space.check();
    const { short } = this.#space;
    const synced = changes.length > 0 || this.#failed;
    return this.#database.write(
      (file) => {
        const kept = file.recall.get(writer);
        if (kept?.sequence === sequence) {
          return { answer: JSON.parse(kept.outcomes) as Outcome[], changed: false };
        }
        const last = kept?.sequence ?? 0;
        if (last !== sequence - 1) {
          throw new AppError(
            'sequence-mismatch',
            `The database ${this.#database.place} was emptied or set back to an older copy: answered visits may be missing ` +
              `(this is batch ${sequence}, but the last one kept for this writer is ${last}).`,
          );
        }
        const outcomes = applyChanges(file, changes, this.#options, { at, short });
        file.remember.run(writer, sequence, JSON.stringify(outcomes), at);
        return { answer: outcomes, changed: true };
      },
      { synced },
    );
  }

  get short(): boolean {
    return this.#space.short;
  }

  waitForTurn(): Promise<void> {
    return this.#database.waitForTurn();
  }

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    return this.#database.read((file) =>
      counters.map((counter) => {
        const row = file.read.get(counter);
        return row && !readRules(row.rules).private
          ? exactTotal(counter, row.total, this.#database.place)
          : undefined;
      }),
    );
  }

  async ping(): Promise<void> {
    const at = this.#options.now();
    const done = this.#database.write((file) => {
      // One row for all processes.
      file.remember.run('ping', 1, '[]', at);
      return { answer: undefined, changed: true };
    });
    await done.catch((error: unknown) => {
      throw uncounted(error);
    });
  }
}

/**
 * This much stays free for existing counters: the write-ahead log, and a row for each counter and
 * day.
 */
const KEPT_FREE_BYTES = 100 * 2 ** 20;
/** The largest part of a small disk to keep free. */
const KEPT_FREE_PART = 0.1;
/** The interval of checks while there are commits. */
const LOOK_EVERY_MS = 500;

/** The free space of the disk that has a file, checked at most every half second. */
export class SqliteSpace {
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
  check(): void {
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
