/**
 * One SQLite file and its transactions. Each waits for those of other processes, and is synced
 * before it returns.
 *
 * Only one process writes at a time. The others wait outside of SQLite, because SQLite's own
 * waiting would block the event loop. They wait for a random time, because processes that all wait
 * equally long starve each other. A process that has just committed first notices that the file
 * is free again, and would starve the others: so while others write too, it pauses for a moment.
 * The sync itself runs on the event loop: handing the batch to a thread costs more than the sync
 * does on an SSD (docs/decisions/0005). Not here: opening the file (`file.ts`).
 */
import { SQLiteError } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WRITER_MEMORY_MS } from '../../contract/counting.ts';
import { AppError, storeClosed } from '../../counter/errors.ts';
import type { PartOptions } from '../part-options.ts';
import { inOurWords } from './advice.ts';
import { type MissingFile, openSqliteFile, type SqliteFile, withoutSync } from './file.ts';

export interface SqliteOptions extends Pick<PartOptions, 'now'> {
  path: string;
  /** What to do when the file does not exist. */
  missing: MissingFile;
  /** How long other processes may keep the file locked before the store counts as unavailable. */
  timeoutMs: number;
}

/**
 * The pause while another process writes, plus a random part of up to twice as much. Timers cannot
 * be shorter than one millisecond.
 */
const LOCK_WAIT_MS = 1;

/**
 * After a commit a process pauses for this many times the length of the commit. The maximum is the
 * time in which each of the others tries once, so that one slow sync does not cost more.
 */
const YIELD_FACTOR = 4;
const YIELD_MAX_MS = 4;
/** For this long after a write, other processes count as active. */
const OTHERS_ACTIVE_MS = 1000;

/** The result of a transaction, and whether it changed anything that must be stored. */
export interface TransactionResult<T> {
  readonly answer: T;
  readonly changed: boolean;
}

/** One SQLite file, opened on first use; each transaction is on disk before it returns. */
export class SqliteDatabase {
  readonly place: string;
  readonly #options: SqliteOptions;
  #opened: SqliteFile | undefined;
  #closed = false;
  /** When another process was last seen writing, on the clock of `performance.now()`. */
  #othersAt = Number.NEGATIVE_INFINITY;
  /** SQLite's last value that changes with others' writes (`PRAGMA data_version`). */
  #othersWrites: number | undefined;
  /** The end of the pause for others, on the same clock. */
  #yieldUntil = 0;

  /** Opens the file on first use, not here. */
  constructor(options: SqliteOptions) {
    this.#options = options;
    this.place = resolve(options.path);
  }

  /** Reads. Fails as a store does. */
  read<T>(work: (file: SqliteFile) => T): T {
    try {
      return work(this.#file());
    } catch (error) {
      throw inOurWords(error, this.place);
    }
  }

  /**
   * Runs `work` in one transaction without a pause. It is on disk when this resolves. Fails as a
   * store does: `hit-unconfirmed` when it may be on disk. A transaction that is not `synced` may
   * be lost in a power failure, until the next synced one.
   */
  async write<T>(
    work: (file: SqliteFile) => TransactionResult<T>,
    { synced = true } = {},
  ): Promise<T> {
    const giveUpAt = performance.now() + this.#options.timeoutMs;
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- the others' turn
      await this.waitForTurn();
      const done = this.read((file) =>
        synced
          ? this.#writeUnlessBusy(file, work)
          : withoutSync(file, () => this.#writeUnlessBusy(file, work)),
      );
      if (done) return done.answer;
      if (performance.now() > giveUpAt) {
        throw new AppError(
          'store-unavailable',
          `The database ${this.place} is locked by another process. End it, or name another file with --store-url sqlite:PATH.`,
        );
      }
      // eslint-disable-next-line no-await-in-loop -- waiting for our turn
      await Bun.sleep(LOCK_WAIT_MS * (1 + 2 * Math.random()));
    }
  }

  /** As `Counting.waitForTurn` promises: waits for `YIELD_MAX_MS` at the most. */
  async waitForTurn(): Promise<void> {
    const leftMs = this.#yieldUntil - performance.now();
    if (leftMs > 0) await Bun.sleep(Math.ceil(leftMs));
  }

  close(): void {
    this.#closed = true;
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  /** `undefined` when another process is writing. */
  #writeUnlessBusy<T>(
    file: SqliteFile,
    work: (file: SqliteFile) => TransactionResult<T>,
  ): TransactionResult<T> | undefined {
    const startedAt = performance.now();
    try {
      file.begin.run();
    } catch (error) {
      if (!(error instanceof SQLiteError) || !error.code?.startsWith('SQLITE_BUSY')) throw error;
      this.#othersAt = startedAt;
      return undefined;
    }
    try {
      this.#noteOthers(file.othersWrites.get()?.data_version, startedAt);
      const done = work(file);
      if (done.changed) {
        this.#commit(file);
        this.#yield(startedAt);
      } else {
        file.rollback.run();
      }
      return done;
    } catch (error) {
      if (file.database.inTransaction) file.rollback.run();
      throw error;
    }
  }

  /** If the value of `data_version` has changed, other processes have written. */
  #noteOthers(writes: number | undefined, at: number): void {
    if (this.#othersWrites !== undefined && writes !== this.#othersWrites) this.#othersAt = at;
    this.#othersWrites = writes;
  }

  /** After a commit that began at `startedAt`, pauses if other processes are active. */
  #yield(startedAt: number): void {
    const endedAt = performance.now();
    if (endedAt - this.#othersAt < OTHERS_ACTIVE_MS) {
      this.#yieldUntil = endedAt + Math.min(YIELD_FACTOR * (endedAt - startedAt), YIELD_MAX_MS);
    }
  }

  /** After any error of COMMIT the transaction may be on disk. */
  #commit(file: SqliteFile): void {
    try {
      file.commit.run();
    } catch (cause) {
      const known = inOurWords(cause, this.place);
      const why =
        known instanceof AppError
          ? known.message
          : `${this.place} did not confirm a write: ${String(cause)}.`;
      throw new AppError('hit-unconfirmed', why, { cause });
    }
  }

  #file(): SqliteFile {
    if (this.#closed) throw storeClosed(this.place);
    const { missing, now } = this.#options;
    this.#opened ??= openSqliteFile(this.place, missing, now() - WRITER_MEMORY_MS);
    const there = statSync(this.place, { throwIfNoEntry: false });
    if (there?.ino !== this.#opened.ino || there.dev !== this.#opened.dev) {
      throw new AppError(
        'store-unavailable',
        `${this.place} was moved or deleted while in use. Put it back, or restart Seen to begin a new one.`,
      );
    }
    return this.#opened;
  }
}
