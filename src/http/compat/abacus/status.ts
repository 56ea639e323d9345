/**
 * Abacus' health check and statistics. The number of counters comes from the store; the other
 * figures count in this process since it started.
 */
import type { Registry } from '../../../contract/registry.ts';
import { durationText, type Reply } from './answer.ts';

export interface AbacusStatusOptions {
  readonly registry: Pick<Registry, 'size'>;
  readonly replica: string;
  readonly version: string;
  /** The kind of the database. */
  readonly database: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class AbacusStatus {
  readonly #options: AbacusStatusOptions;
  readonly #startedAt: number;
  // The store does not keep these numbers, and no client needs them to be exact.
  readonly #commands = { total: 0, get: 0, hit: 0, create: 0 };
  #misses = 0;

  constructor(options: AbacusStatusOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Notes a call of `operation`. */
  asked(operation: string): void {
    this.#commands.total++;
    if (operation === 'get' || operation === 'hit' || operation === 'create')
      this.#commands[operation]++;
  }

  /** Records a read of a counter that does not exist. */
  missed(): void {
    this.#misses++;
  }

  health(): Reply {
    return { status: 200, body: { status: 'ok', uptime: durationText(this.#upMs()) } };
  }

  /**
   * `db_uptime` is how long this replica has used the database, and `db_version` is its kind: the
   * database itself is not asked.
   */
  async stats(): Promise<Reply> {
    const { registry, replica, version, database } = this.#options;
    const upMs = this.#upMs();
    return {
      status: 200,
      body: {
        version,
        uptime: durationText(upMs),
        db_uptime: `${Math.floor(upMs / 1000)}`,
        db_version: database,
        // Counters never expire.
        expired_keys__since_restart: '0',
        key_misses__since_restart: `${this.#misses}`,
        commands: { ...this.#commands },
        total_keys: await registry.size(),
        shard: replica,
      },
    };
  }

  #upMs(): number {
    return Math.max(0, this.#options.now() - this.#startedAt);
  }
}
