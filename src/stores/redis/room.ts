/**
 * Whether Redis has memory left for more: new counters, keys of requests, visitors, hours of the
 * history.
 *
 * At `maxmemory` Redis refuses every commit, and nobody can count. So from 80 % on nothing new is
 * kept, while existing counters count on. Not here: what is left out then (`lua/commit.lua`).
 */
import type { Batch } from '../../contract/counting.ts';
import type { Client } from './connection.ts';

/**
 * Memory is short from this share of `maxmemory`. The rest is for what existing counters need, and
 * for Redis itself.
 */
const SHORT_FROM = 0.8;
/** It stays short until use falls below this share, so that it does not change to and fro. */
const SHORT_UNTIL = 0.75;
/** How often Redis is asked while there are commits: INFO costs it some 50 µs. */
const LOOK_EVERY_MS = 500;
/**
 * Redis is asked sooner when the batches since the last look may have used this share of
 * `maxmemory`: a fast flood must not use the rest.
 */
const LOOK_EVERY_PART = 0.02;
/**
 * The most bytes that a change leaves, a new counter with a key, and each visitor in it
 * (docs/capacity.md).
 */
const CHANGE_BYTES = 1500;
const VISITOR_BYTES = 150;

export class RedisRoom {
  #short = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** How many bytes the batches since the last look may have left. */
  #bytesSince = 0;
  /** `maxmemory` at the last look, in bytes; 0: no limit. */
  #max = 0;

  /** Whether memory was short at the last look. */
  get short(): boolean {
    return this.#short;
  }

  /** Looks before a batch, if it is time again. Does not wait for the answer, and never fails. */
  look(client: Client, { changes }: Batch): void {
    for (const { visitors } of changes)
      this.#bytesSince += CHANGE_BYTES + VISITOR_BYTES * (visitors?.length ?? 0);
    const now = performance.now();
    const much = this.#max > 0 && this.#bytesSince > this.#max * LOOK_EVERY_PART;
    if (!much && now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    this.#bytesSince = 0;
    client.info('memory').then(
      (info) => {
        const { used, max } = memoryIn(info);
        this.#max = max;
        this.#short = max > 0 && used > max * (this.#short ? SHORT_UNTIL : SHORT_FROM);
      },
      // The connection is lost, which the commit says too; or this user may not ask (`advice.ts`
      // says so at the start).
      () => undefined,
    );
  }
}

/**
 * The bytes used, and the most that may be (0: no limit), in what INFO answers
 * (https://redis.io/docs/latest/commands/info/).
 */
export function memoryIn(info: string): { used: number; max: number } {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: field('used_memory'), max: field('maxmemory') };
}
