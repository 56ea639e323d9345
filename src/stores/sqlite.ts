/**
 * The SQLite store: one file on a local disk, shared by the replicas of one machine.
 *
 * A batch is one transaction, synced to the disk before it is answered. Only one process writes at a time; the others
 * wait outside of SQLite, because SQLite's own waiting would block the event loop, and for a time with chance in it,
 * because processes that wait in step starve each other. The sync itself runs on the event loop: handing the batch to a thread
 * costs more than the sync does on an SSD (docs/decisions/0005).
 *
 * Not here: when to try a batch again, which is the counter's decision.
 */
import { SQLiteError } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../counter/errors.ts';
import { type Batch, type Outcome, type Store, WRITER_MEMORY_MS } from '../counter/store.ts';
import { fileSystemRisks, inOurWords } from './sqlite-advice.ts';
import { applyChanges } from './sqlite-apply.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';

export interface SqliteOptions {
  path: string;
  /** Whether a file that is not there is made, with its folder, or means that the store is unavailable. */
  missing: 'make' | 'refuse';
  /** How long other processes may keep the file locked before the store counts as unavailable. */
  timeoutMs: number;
  /** How many keys of requests are remembered at the most. */
  keysMax: number;
  /** Milliseconds since 1970, for forgetting writers and keys. */
  now: () => number;
}

/** A wait for another process's transaction, and up to as much again by chance. One millisecond is a timer's least. */
const LOCK_WAIT_MS = 1;
/**
 * After a commit a process leaves the file alone for so many times as long as it held it, and never longer than it takes
 * each of the others to look once: room for them, and no penalty for one slow sync.
 */
const YIELD_FACTOR = 4;
const YIELD_MAX_MS = 4;
/** Others count as active for so long after they wrote. */
const OTHERS_ACTIVE_MS = 1000;

export class SqliteStore implements Store {
  readonly place: string;
  readonly #options: SqliteOptions;
  #opened: SqliteFile | undefined;
  #closed = false;
  /** When another process was last seen writing, and what SQLite's count of others' writes was then. */
  #othersAt = Number.NEGATIVE_INFINITY;
  #othersWrites: number | undefined;
  #yieldUntil = 0;

  /** Opens the file at the first need, not here. */
  constructor(options: SqliteOptions) {
    this.#options = options;
    this.place = resolve(options.path);
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    const giveUpAt = now() + this.#options.timeoutMs;
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- the others' turn
      if (now() < this.#yieldUntil) await Bun.sleep(Math.ceil(this.#yieldUntil - now()));
      const outcomes = this.#try(() => this.#commitUnlessBusy(batch));
      if (outcomes) return outcomes;
      if (now() > giveUpAt) {
        throw new AppError(
          'store-unavailable',
          `Another process keeps ${this.place} locked. End it, or name another file with --store-url sqlite:PATH.`,
        );
      }
      // eslint-disable-next-line no-await-in-loop -- waiting for our turn
      await Bun.sleep(LOCK_WAIT_MS * (1 + 2 * Math.random()));
    }
  }

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    return this.#try(() =>
      counters.map((counter) => {
        const total = this.#file().read.get(counter)?.total;
        if (total === undefined || Number.isSafeInteger(total)) return total;
        throw new AppError(
          'counter-unreadable',
          `The total of ${counter} in ${this.place} was set past ${Number.MAX_SAFE_INTEGER}. Set it lower.`,
        );
      }),
    );
  }

  async ping(): Promise<void> {
    this.#try(() => this.#file().read.get(''));
  }

  async risks(): Promise<readonly string[]> {
    return fileSystemRisks(this.place);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  /** One transaction from begin to end without a pause, or `undefined` when another process is writing. */
  #commitUnlessBusy({ writer, sequence, changes }: Batch): Outcome[] | undefined {
    const file = this.#file();
    const startedAt = now();
    const at = this.#options.now();
    try {
      file.begin.run();
    } catch (error) {
      if (!(error instanceof SQLiteError) || !error.code?.startsWith('SQLITE_BUSY')) throw error;
      this.#othersAt = startedAt;
      return undefined;
    }
    try {
      const writes = file.othersWrites.get()?.data_version;
      if (writes !== this.#othersWrites) this.#othersAt = startedAt;
      this.#othersWrites = writes;
      const kept = file.recall.get(writer);
      if (kept?.sequence === sequence) {
        file.rollback.run();
        return JSON.parse(kept.outcomes) as Outcome[];
      }
      const last = kept?.sequence ?? 0;
      if (last !== sequence - 1) {
        throw new AppError(
          'sequence-mismatch',
          `${this.place}: this is batch ${sequence}, but the last one kept for this writer is ${last}.`,
        );
      }
      const outcomes = applyChanges(file, changes, this.#options.keysMax, at);
      file.remember.run(writer, sequence, JSON.stringify(outcomes), at);
      this.#commit(file);
      this.#yield(startedAt);
      return outcomes;
    } catch (error) {
      if (file.database.inTransaction) file.rollback.run();
      throw error;
    }
  }

  /** Who has just written is the first to notice that the file is free again, and would starve the others. */
  #yield(startedAt: number): void {
    const endedAt = now();
    if (endedAt - this.#othersAt < OTHERS_ACTIVE_MS) {
      this.#yieldUntil = endedAt + Math.min(YIELD_FACTOR * (endedAt - startedAt), YIELD_MAX_MS);
    }
  }

  #file(): SqliteFile {
    if (this.#closed) throw new AppError('store-unavailable', `The store at ${this.place} is closed.`);
    this.#opened ??= this.#openFile();
    if (!this.#opened.isStillAt()) {
      throw new AppError(
        'store-unavailable',
        `${this.place} was moved or deleted while in use. Put it back, or restart Seen to begin a new one.`,
      );
    }
    return this.#opened;
  }

  #openFile(): SqliteFile {
    if (this.#options.missing === 'refuse' && !existsSync(this.place)) {
      throw new AppError(
        'store-unavailable',
        `${this.place} is gone. Put it back, or restart Seen to begin a new one.`,
      );
    }
    return openSqliteFile(this.place, this.#options.now() - WRITER_MEMORY_MS);
  }

  /** Whatever goes wrong in a COMMIT, the transaction may be on disk. */
  #commit(file: SqliteFile): void {
    try {
      file.commit.run();
    } catch (cause) {
      throw new AppError(
        'hit-unconfirmed',
        `The database ${this.place} did not confirm a write: ${String(cause)}.`,
        {
          cause,
        },
      );
    }
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw inOurWords(error, this.place);
    }
  }
}

function now(): number {
  return performance.now();
}
