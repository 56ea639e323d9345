/**
 * The Redis store: one round trip per batch, shared by all replicas.
 *
 * A batch is one call of one script, which is atomic and knows what it has done before
 * (`counting.ts`). Not here: the connection (`connection.ts`), the parts of the contract that are
 * not counting (a file each), and when to try again, which is the counter's decision.
 */
import { randomUUID } from 'node:crypto';
import type { ArchivedCounter, ImportOutcome, ImportTerms } from '../../contract/archive.ts';
import type { Batch, Outcome } from '../../contract/counting.ts';
import type { CounterHistory } from '../../contract/history.ts';
import type { LimitRequest, Verdict } from '../../contract/limiter.ts';
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
import { uncounted } from '../../counter/errors.ts';
import { readRules } from '../../counter/rules.ts';
import { redisRisks } from './advice.ts';
import { readAllOf } from './archive.ts';
import { bringInto } from './bring.ts';
import { RedisConnection, type RedisOptions } from './connection.ts';
import { type CommitOptions, commitTo } from './counting.ts';
import { RedisHistory } from './history.ts';
import { recordKey, totalKey, totalOf } from './keys.ts';
import { RedisLimiter, type RedisLimiterOptions } from './limiter.ts';
import { RedisPresence } from './presence.ts';
import { RedisRegistry } from './registry.ts';
import { RedisRoom } from './room.ts';

/** How long what `ping` writes is kept: the least that is more than an instant. */
const PING_MEMORY_MS = 1000;

export interface RedisStoreOptions extends RedisOptions, CommitOptions, RedisLimiterOptions {}

export class RedisStore implements Store {
  readonly place: string;
  readonly visitorsError: number;
  readonly #connection: RedisConnection;
  readonly #registry: RedisRegistry;
  readonly #memory: RedisHistory;
  readonly #limiter: RedisLimiter;
  readonly #presence: RedisPresence;
  readonly #room = new RedisRoom();
  readonly #options: RedisStoreOptions;

  /** Connects at the first need, not here. */
  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { protocol, host, pathname } = new URL(options.url);
    this.place = `${protocol}//${host}${pathname}`;
    this.#connection = new RedisConnection(options, this.place);
    this.#registry = new RedisRegistry(this.#connection, options);
    this.#memory = new RedisHistory(this.#connection, options.now);
    this.#limiter = new RedisLimiter(this.#connection, options);
    this.#presence = new RedisPresence(this.#connection);
    this.visitorsError = this.#memory.visitorsError;
  }

  commit(batch: Batch): Promise<readonly Outcome[]> {
    return commitTo(this.#connection, batch, this.#room, this.#options);
  }

  get short(): boolean {
    return this.#room.short;
  }

  /**
   * A key of another type than string reads as missing: that is how MGET answers, in one round
   * trip for all.
   */
  async read(counters: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (counters.length === 0) return [];
    const [values, rules] = await this.#connection.ask(
      (client) =>
        Promise.all([
          client.mGet(counters.map(totalKey)),
          Promise.all(counters.map((counter) => client.hGet(recordKey(counter), 'rules'))),
        ]),
      'store-unavailable',
    );
    return values.map((value, index) =>
      value === null || readRules(rules[index]).private
        ? undefined
        : totalOf(value, counters[index] ?? ''),
    );
  }

  make(counter: string, draft: Draft) {
    return this.#registry.make(counter, draft, this.#room.short);
  }

  describe(counter: string): Promise<Description | undefined> {
    return this.#registry.describe(counter);
  }

  change(counter: string, changes: CounterChanges, condition?: Condition) {
    return this.#registry.change(counter, changes, condition);
  }

  delete(counters: readonly string[], condition?: Condition): Promise<readonly Deletion[]> {
    return this.#registry.delete(counters, condition);
  }

  list(wanted: ListQuery): Promise<Page> {
    return this.#registry.list(wanted);
  }

  size(): Promise<number> {
    return this.#registry.size();
  }

  past(counter: string): Promise<CounterHistory> {
    return this.#memory.past(counter);
  }

  salt(day: number, suggested: string): Promise<string> {
    return this.#memory.salt(day, suggested);
  }

  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]> {
    return this.#limiter.take(wanted);
  }

  beat(beat: HeartbeatReport): Promise<readonly HeardReplica[]> {
    return this.#presence.beat(beat);
  }

  readAll(): AsyncIterable<ArchivedCounter> {
    return readAllOf(this.#connection);
  }

  bring(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return bringInto(this.#connection, 'bring', counters, terms, this.#options);
  }

  foresee(
    counters: readonly ArchivedCounter[],
    terms: ImportTerms,
  ): Promise<readonly ImportOutcome[]> {
    return bringInto(this.#connection, 'foresee', counters, terms, this.#options);
  }

  async ping(): Promise<void> {
    const batch = { writer: randomUUID(), sequence: 1, changes: [] };
    const done = commitTo(this.#connection, batch, this.#room, this.#options, PING_MEMORY_MS);
    await done.catch((error: unknown) => {
      throw uncounted(error);
    });
  }

  risks(): Promise<readonly string[]> {
    return redisRisks(this.#connection);
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }
}
