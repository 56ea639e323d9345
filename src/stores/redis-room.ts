/**
 * Whether Redis has memory left for more: new counters, keys of requests, visitors, hours of the history.
 *
 * A Redis at its `maxmemory` refuses every commit, so counting stops for everybody. Before it comes to that, nothing new is kept
 * and the counters that are there count on. Not here: what is left out then (`commit.lua`).
 */
import type { Client } from './redis-connection.ts';

/** At this part of `maxmemory` memory is short. The rest is for what existing counters need, and for Redis itself. */
const SHORT_FROM = 0.8;
/** Below this part it is not short any more. Lower, so that it does not change to and fro. */
const SHORT_UNTIL = 0.75;
/** How often Redis is asked while there are commits: INFO costs it some 50 µs. */
const LOOK_EVERY_MS = 500;
/** From this part of `maxmemory` on it is asked more often, so that a flood does not get past the rest in between. */
const WATCH_FROM = 0.5;
const WATCH_EVERY_MS = 50;

export class RedisRoom {
  #short = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookEveryMs = WATCH_EVERY_MS;

  /** Whether memory was short at the last look. */
  get short(): boolean {
    return this.#short;
  }

  /** Has a look, if the last one was some time ago. Does not wait for it, and never fails. */
  look(client: Client): void {
    const now = performance.now();
    if (now - this.#lookedAt < this.#lookEveryMs) return;
    this.#lookedAt = now;
    client.info('memory').then(
      (info) => {
        const { used, max } = memoryIn(info);
        this.#short = max > 0 && used > max * (this.#short ? SHORT_UNTIL : SHORT_FROM);
        this.#lookEveryMs = max > 0 && used > max * WATCH_FROM ? WATCH_EVERY_MS : LOOK_EVERY_MS;
      },
      // The connection is lost, which the commit says too; or this user may not ask (redis-advice.ts says so at the start).
      () => undefined,
    );
  }
}

/** The bytes used, and the most that may be (0: no limit), in what INFO answers (https://redis.io/docs/latest/commands/info/). */
export function memoryIn(info: string): { used: number; max: number } {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: field('used_memory'), max: field('maxmemory') };
}
