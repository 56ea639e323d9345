/**
 * Checks whether Redis has memory for new data: counters, keys of requests, visitors, hours of the
 * history.
 *
 * At `maxmemory` Redis refuses every commit, and nobody can count. So from 80 % on no new data is
 * stored, and existing counters keep counting. Not here: leaving data out (`lua/commit.lua`).
 */
import type { Batch } from '../../contract/counting.ts';
import type { Client } from './connection.ts';

/**
 * Memory is short from this share of `maxmemory`. The rest is for existing counters and for Redis
 * itself.
 */
const SHORT_FROM = 0.8;
/** Memory stays short until use falls below this share, so that the state does not flap. */
const SHORT_UNTIL = 0.75;
/** The interval of checks while there are commits: INFO costs Redis some 50 µs. */
const CHECK_EVERY_MS = 500;
/**
 * Redis is checked sooner when the batches since the last check may have used this share of
 * `maxmemory`: a fast flood must not use the rest.
 */
const CHECK_EVERY_PART = 0.02;
/**
 * The most bytes that a change adds, when it makes a counter and has a key, and that each of its
 * visitors adds (docs/capacity.md).
 */
const CHANGE_BYTES = 1500;
const VISITOR_BYTES = 150;

/** The memory of one Redis, checked each half second while batches come, and more in a flood. */
export class RedisSpace {
  #short = false;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** The most bytes that the batches since the last check may have added. */
  #bytesSince = 0;
  /** `maxmemory` at the last check, in bytes; 0: no limit. */
  #max = 0;

  /** Whether memory was short at the last check. */
  get short(): boolean {
    return this.#short;
  }

  /** Checks before a batch, if a check is due. Does not wait for the reply, and never fails. */
  check(client: Client, { changes }: Batch): void {
    for (const { visitors } of changes)
      this.#bytesSince += CHANGE_BYTES + VISITOR_BYTES * (visitors?.length ?? 0);
    const now = performance.now();
    const much = this.#max > 0 && this.#bytesSince > this.#max * CHECK_EVERY_PART;
    if (!much && now - this.#checkedAt < CHECK_EVERY_MS) return;
    this.#checkedAt = now;
    this.#bytesSince = 0;
    client.info('memory').then(
      (info) => {
        const { used, max } = memoryIn(info);
        this.#max = max;
        this.#short = max > 0 && used > max * (this.#short ? SHORT_UNTIL : SHORT_FROM);
      },
      // The connection is lost, and the commit fails too; or this user has no permission
      // (`advice.ts` reports it at the start).
      () => undefined,
    );
  }
}

/**
 * The used bytes, and their maximum (0: no limit), from the reply of INFO
 * (https://redis.io/docs/latest/commands/info/).
 */
export function memoryIn(info: string): { used: number; max: number } {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: field('used_memory'), max: field('maxmemory') };
}
