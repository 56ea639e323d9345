/**
 * One SQLite file and the turns of the processes that write to it: transactions that wait for each
 * other, synced before they return.
 *
 * Only one process writes at a time; the others wait outside of SQLite, because SQLite's own
 * waiting would block the event loop, and for a time with chance in it, because processes that
 * wait in step starve each other. The sync itself runs on the event loop: handing the batch to a
 * thread costs more than the sync does on an SSD (docs/decisions/0005).
 */
import { Database, SQLiteError } from 'bun:sqlite';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WRITER_MEMORY_MS } from '../../contract/counting.ts';
import { AppError } from '../../counter/errors.ts';
import type { PartOptions } from '../part-options.ts';
import { inOurWords } from './advice.ts';
import { openSqliteFile, type SqliteFile, withoutSync } from './file.ts';

/**
 * What to do when the file is not there at first:
 * - `make`: make it, with its folder
 * - `refuse`: fail with `settings-invalid`, for commands that need what is in it
 * - `wait`: fail with `store-unavailable`, for replicas: their supervisor has made it, so it was
 *   moved away
 */
export type MissingFile = 'make' | 'refuse' | 'wait';

export interface SqliteOptions extends Pick<PartOptions, 'now'> {
  path: string;
  /** What to do when the file is not there. */
  missing: MissingFile;
  /** How long other processes may keep the file locked before the store counts as unavailable. */
  timeoutMs: number;
}

/**
 * A wait for another process's transaction, and up to as much again by chance. One millisecond is
 * a timer's least.
 */
const LOCK_WAIT_MS = 1;
/**
 * After a commit a process leaves the file alone for so many times as long as it held it, and
 * never longer than it takes each of the others to look once: room for them, and no penalty for
 * one slow sync.
 */
const YIELD_FACTOR = 4;
const YIELD_MAX_MS = 4;
/** Others count as active for so long after they wrote. */
const OTHERS_ACTIVE_MS = 1000;

/** What a transaction came to: an answer, and whether it changed anything that is to be kept. */
export interface TransactionResult<T> {
  readonly answer: T;
  readonly changed: boolean;
}

export class SqliteDatabase {
  readonly place: string;
  readonly #options: SqliteOptions;
  #opened: SqliteFile | undefined;
  #closed = false;
  /**
   * When another process was last seen writing, and what SQLite's count of others' writes was
   * then.
   */
  #othersAt = Number.NEGATIVE_INFINITY;
  #othersWrites: number | undefined;
  #yieldUntil = 0;

  /** Opens the file at the first need, not here. */
  constructor(options: SqliteOptions) {
    this.#options = options;
    this.place = resolve(options.path);
  }

  /** Reads; fails as a store does. */
  read<T>(work: (file: SqliteFile) => T): T {
    try {
      return work(this.#file());
    } catch (error) {
      throw inOurWords(error, this.place);
    }
  }

  /**
   * Does `work` in one transaction from begin to end without a pause, on disk when this resolves.
   * Fails as a store does: `hit-unconfirmed` when it may be on disk. What is not `synced` may be
   * lost with the power, and is on disk with the next that is.
   */
  async write<T>(
    work: (file: SqliteFile) => TransactionResult<T>,
    { synced = true } = {},
  ): Promise<T> {
    const giveUpAt = now() + this.#options.timeoutMs;
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- the others' turn
      await this.waitForTurn();
      const done = this.read((file) =>
        synced
          ? this.#writeUnlessBusy(file, work)
          : withoutSync(file, () => this.#writeUnlessBusy(file, work)),
      );
      if (done) return done.answer;
      if (now() > giveUpAt) {
        throw new AppError(
          'store-unavailable',
          `The database ${this.place} is locked by another process. End it, or name another file with --store-url sqlite:PATH.`,
        );
      }
      // eslint-disable-next-line no-await-in-loop -- waiting for our turn
      await Bun.sleep(LOCK_WAIT_MS * (1 + 2 * Math.random()));
    }
  }

  /**
   * Resolves when it is not the others' turn: after a commit, while they write too, that takes
   * `YIELD_MAX_MS` at the most.
   */
  async waitForTurn(): Promise<void> {
    if (now() < this.#yieldUntil) await Bun.sleep(Math.ceil(this.#yieldUntil - now()));
  }

  /**
   * Another connection to the file, on which a transaction that only reads may take its time:
   * writing goes on meanwhile, beside what it reads (https://www.sqlite.org/wal.html). Fails as a
   * store does.
   */
  openToRead(): { database: Database; close: () => void } {
    return this.read(() => {
      const database = new Database(this.place, { readonly: true, strict: true });
      return { database, close: () => database.close() };
    });
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
    const startedAt = now();
    try {
      file.begin.run();
    } catch (error) {
      if (!(error instanceof SQLiteError) || !error.code?.startsWith('SQLITE_BUSY')) throw error;
      this.#othersAt = startedAt;
      return undefined;
    }
    try {
      const writes = file.othersWrites.get()?.data_version;
      if (this.#othersWrites !== undefined && writes !== this.#othersWrites)
        this.#othersAt = startedAt;
      this.#othersWrites = writes;
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

  /**
   * Who has just written is the first to notice that the file is free again, and would starve the
   * others.
   */
  #yield(startedAt: number): void {
    const endedAt = now();
    if (endedAt - this.#othersAt < OTHERS_ACTIVE_MS) {
      this.#yieldUntil = endedAt + Math.min(YIELD_FACTOR * (endedAt - startedAt), YIELD_MAX_MS);
    }
  }

  /** Whatever goes wrong in a COMMIT, the transaction may be on disk. */
  #commit(file: SqliteFile): void {
    try {
      file.commit.run();
    } catch (cause) {
      const told = inOurWords(cause, this.place);
      const why =
        told instanceof AppError
          ? told.message
          : `${this.place} did not confirm a write: ${String(cause)}.`;
      throw new AppError('hit-unconfirmed', why, { cause });
    }
  }

  #file(): SqliteFile {
    if (this.#closed)
      throw new AppError('store-unavailable', `The store at ${this.place} is closed.`);
    this.#opened ??= this.#open();
    if (!this.#opened.isStillAt()) {
      throw new AppError(
        'store-unavailable',
        `${this.place} was moved or deleted while in use. Put it back, or restart Seen to begin a new one.`,
      );
    }
    return this.#opened;
  }

  #open(): SqliteFile {
    const { missing } = this.#options;
    // In an empty file SQLite would begin a new database, too.
    if (missing === 'refuse' && !hasContent(this.place)) {
      throw new AppError(
        'settings-invalid',
        `There is no database at ${this.place}. Name the one that Seen uses with --store-url or ` +
          'SEEN_STORE_URL, as in sqlite:data/seen.db.',
      );
    }
    if (missing === 'wait' && !existsSync(this.place)) {
      throw new AppError(
        'store-unavailable',
        `${this.place} is gone. Put it back, or restart Seen to begin a new one.`,
      );
    }
    return openSqliteFile(this.place, this.#options.now() - WRITER_MEMORY_MS);
  }
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function now(): number {
  return performance.now();
}
