/** Measures the CPU time of a request, around the app, in the test's own process. */
import { PROXY, setUp } from '../support/app.ts';
import type { Target } from './targets.ts';

/**
 * The bound that is stated for every request (docs/api.md, “HTTP”), in microseconds of CPU time.
 */
export const CPU_US_MAX = 2000;

/**
 * A request that is too dear is tried so often before it counts as too dear: others use this
 * machine, too.
 */
const TRIES = 100;

/** How a request differs from the plain one of its target. */
export interface Change {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly body?: string;
}

/**
 * An app with limits, counters and everything that reads a request, and the CPU time of requests
 * to it.
 */
export class Adversary {
  readonly #parts = setUp({
    requestsPerMinute: 1e9,
    newCountersPerDay: 1e9,
    hosts: { 'countapi.test': 'countapi', 'abacus.test': 'abacus' },
    streamsMax: 1000,
  });
  readonly #plain = new Map<Target, number>();

  get app() {
    return this.#parts.app;
  }

  /** Errors that are bugs, as the log would have them. */
  get bugs(): readonly unknown[] {
    return this.#parts.bugs;
  }

  /**
   * The least CPU time of a target's plain request, in microseconds. The first tries make what is
   * made only once.
   */
  async plain(target: Target): Promise<number> {
    const known = this.#plain.get(target);
    if (known !== undefined) return known;
    let least = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 5 || (least > CPU_US_MAX && tries < TRIES); tries++) {
      least = Math.min(least, await this.#once(target, {}));
    }
    this.#plain.set(target, least);
    return least;
  }

  /**
   * By how many microseconds of CPU time the changed request is dearer than the plain one: the
   * least of several tries. `changeOf` is told which try it is, so that it can make another value
   * each time, which no cache knows.
   */
  async excess(target: Target, changeOf: (attempt: number) => Change): Promise<number> {
    const plain = await this.plain(target);
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < TRIES && least > CPU_US_MAX; attempt++) {
      least = Math.min(least, (await this.#once(target, changeOf(attempt))) - plain);
    }
    return least;
  }

  async #once({ method, ...target }: Target, change: Change): Promise<number> {
    const path = change.path ?? target.path;
    const body = change.body ?? target.body;
    const request = new Request(`http://seen.test${path}`, {
      method,
      headers: { ...target.headers, ...change.headers },
      ...(body === undefined ? {} : { body }),
    });
    const before = process.cpuUsage();
    const response = await this.app.fetch(request, PROXY);
    if (response.headers.get('Content-Type') === 'text/event-stream')
      await response.body?.cancel();
    else await response.text();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  }
}
