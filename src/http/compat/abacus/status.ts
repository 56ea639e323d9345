/**
 * What Abacus says of itself: that it lives, and figures. The figures are of this process since it
 * started, but for the number of counters.
 */
import type { Registry } from '../../../contract/registry.ts';
import { durationText, type Reply } from './answer.ts';

export interface AbacusStatusOptions {
  readonly registry: Pick<Registry, 'size'>;
  readonly replica: string;
  readonly version: string;
  /** Which kind of database it counts in. */
  readonly database: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class AbacusStatus {
  readonly #options: AbacusStatusOptions;
  readonly #startedAt: number;
  // The store keeps no such numbers, and no client needs them to be right.
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

  /** Notes that somebody read a counter that is not there. */
  missed(): void {
    this.#misses++;
  }

  health(): Reply {
    return { status: 200, body: { status: 'ok', uptime: durationText(this.#upMs()) } };
  }

  /**
   * The database is not asked how long it runs and as what: it is for how long this replica has
   * used it, and which kind it is.
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
