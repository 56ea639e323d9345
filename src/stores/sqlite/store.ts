/**
 * The SQLite store: one file on a local disk, shared by the replicas of one machine. A batch is
 * one transaction, synced to the disk before it is answered.
 *
 * Not here: transactions and turns (`database.ts`), and when to try a batch again, which is the
 * counter's decision.
 */
import {
  type ArchivedCounter,
  type ImportOutcome,
  type ImportTerms,
} from '../../contract/archive.ts';
import type { Batch, Outcome } from '../../contract/counting.ts';
import { type CounterHistory, HOUR_MS } from '../../contract/history.ts';
import type { LimitRequest, Verdict } from '../../contract/limiter.ts';
import type { StoreLimits } from '../../contract/limits.ts';
import type { HeardReplica, HeartbeatReport } from '../../contract/presence.ts';
import {
  type Condition,
  type CounterChanges,
  type Deletion,
  type Description,
  type Draft,
  type ListQuery,
  type Page,
} from '../../contract/registry.ts';
import type { Store } from '../../contract/store.ts';
import { AppError, uncounted } from '../../counter/errors.ts';
import { folded } from '../../counter/folding.ts';
import { readRules } from '../../counter/rules.ts';
import { fileSystemRisks } from './advice.ts';
import { bringAll, foreseeOne, readAllOf } from './archive.ts';
import { applyChanges } from './changes.ts';
import { SqliteDatabase, type SqliteOptions } from './database.ts';
import { SqliteLimits } from './limiter.ts';
import { hear } from './presence.ts';
import { changeOne, deleteThose, listed, makeOne } from './registry.ts';
import { SqliteRoom } from './room.ts';
import { descriptionOf, exactTotal } from './rows.ts';

export interface SqliteStoreOptions extends SqliteOptions, StoreLimits {}

export class SqliteStore implements Store {
  readonly place: string;
  /** Each is remembered for the day. */
  readonly visitorsError = 0;
  readonly #options: SqliteStoreOptions;
  readonly #database: SqliteDatabase;
  readonly #room: SqliteRoom;
  readonly #limits: SqliteLimits;
  /** Whether the last commit failed. */
  #failed = false;

  /** Opens the file at the first need, not here. */
  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#database = new SqliteDatabase(options);
    this.#limits = new SqliteLimits(options.limitedMax);
    this.place = this.#database.place;
    this.#room = new SqliteRoom(this.place);
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
   * A batch without changes counts nothing, so it is not synced: an idle Seen would have the disk
   * sync every 2 s for ever. It still finds a full disk, a locked or moved file and lost rights,
   * which fail the write. What fails only the sync is found by the next visit; after that the
   * empty ones are synced too, until one succeeds.
   */
  #apply({ writer, sequence, changes }: Batch): Promise<readonly Outcome[]> {
    const at = this.#options.now();
    this.#room.look();
    const { short } = this.#room;
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
            `The database ${this.place} was emptied or set back to an older copy: answered visits may be missing ` +
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
    return this.#room.short;
  }

  readonly turn = () => this.#database.turn();

  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    return this.#database.read((file) =>
      counters.map((counter) => {
        const row = file.read.get(counter);
        return row && !readRules(row.rules).private
          ? exactTotal(counter, row.total, this.place)
          : undefined;
      }),
    );
  }

  make(counter: string, draft: Draft): Promise<'made' | 'exists' | 'counters-full'> {
    this.#room.look();
    const countersMax = this.#room.short ? 0 : this.#options.countersMax;
    return this.#database.write((file) => makeOne(file, counter, draft, countersMax));
  }

  async describe(counter: string): Promise<Description | undefined> {
    return this.#database.read((file) => {
      const row = file.describe.get(counter);
      return row ? descriptionOf(row, this.place) : undefined;
    });
  }

  change(counter: string, changes: CounterChanges, condition: Condition = {}) {
    const at = this.#options.now();
    return this.#database.write((file) =>
      changeOne(file, { counter, changes, condition }, at, this.place),
    );
  }

  delete(counters: readonly string[], condition: Condition = {}): Promise<readonly Deletion[]> {
    const at = this.#options.now();
    return this.#database.write((file) => deleteThose(file, counters, condition, at));
  }

  async list(wanted: ListQuery): Promise<Page> {
    return this.#database.read((file) => listed(file, wanted, this.place));
  }

  async past(counter: string): Promise<CounterHistory> {
    const past = this.#database.read((file) => ({
      hours: file.hours.all(counter),
      days: file.days.all(counter),
      visitors: new Map(file.uniques.all(counter).map(({ day, visitors }) => [day, visitors])),
    }));
    // Commits fold a little at a time.
    return folded(past, Math.floor(this.#options.now() / HOUR_MS));
  }

  salt(day: number, suggested: string): Promise<string> {
    return this.#database.write((file) => {
      file.suggestSalt.run(day, suggested);
      file.forgetSalts.run(day - 1);
      return { answer: file.salt.get(day)?.salt ?? suggested, changed: true };
    });
  }

  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    return this.#database.write(
      (file) => this.#limits.takeAll(file, wanted, this.#options.now()),
      {
        synced: false,
      },
    );
  }

  beat(beat: HeartbeatReport): Promise<readonly HeardReplica[]> {
    return this.#database.write((file) => hear(file, beat, this.#options.now()), {
      synced: false,
    });
  }

  async *readAll(): AsyncGenerator<ArchivedCounter> {
    // Makes sure of the file and its schema.
    await this.size();
    const { database, close } = this.#database.openToRead();
    try {
      yield* readAllOf(database, (row) => descriptionOf(row, this.place));
    } finally {
      close();
    }
  }

  bring(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return this.#database.write((file) =>
      bringAll(file, counters, terms, this.#options.countersMax, this.#options.now()),
    );
  }

  async foresee(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return this.#database.read((file) =>
      counters.map((counter) => foreseeOne(file, counter, terms, this.#options.countersMax)),
    );
  }

  async size(): Promise<number> {
    return this.#database.read((file) => file.size.get()?.counters ?? 0);
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

  async risks(): Promise<readonly string[]> {
    return fileSystemRisks(this.place);
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
