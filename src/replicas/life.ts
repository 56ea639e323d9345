/**
 * The life of one replica: start, serve, and stop in an order in which no request fails.
 *
 * A stop has these steps: 1 `/readyz` returns 503; 2 every response closes its connection, while
 * the load balancer notices; 3 streams end, and their clients reconnect to another replica; 4 the
 * port closes; 5 the counter drains; 6 the store closes. There is one deadline for all steps. Not
 * here: signals and exit statuses.
 */

import type { Store } from '../contract/store.ts';
import { AppError } from '../counter/errors.ts';
import type { HitCounter } from '../counter/sharded-counter.ts';
import type { StoreHealth } from '../counter/store-health.ts';
import { within } from '../deadline.ts';
import type { Heartbeat } from './heartbeat.ts';

/** The app that serves visitors, as far as a stop needs it. */
export interface Service {
  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void;
  /** How many requests have no response yet. */
  underWay(): number;
  /**
   * When the last request came in, on the clock of `performance.now()`; `-Infinity` before the
   * first.
   */
  lastRequestAt(): number;
}

/** An open port. */
export interface OpenPort {
  host: string;
  port: number;
  /**
   * Stops listening, closes idle connections, and resolves when the last connection has gone by
   * itself.
   */
  close(): Promise<void>;
  /** Cuts off every connection that is left. */
  cutOff(): void;
}

export interface LifeOptions {
  app: Service;
  counter: HitCounter;
  store: Pick<Store, 'close'>;
  health: Pick<StoreHealth, 'unready'>;
  heartbeat: Pick<Heartbeat, 'start' | 'drain' | 'end'>;
  /** Ends all streams. */
  endStreams: () => void;
  /** Opens the public port. */
  listen: () => OpenPort;
  /** The maximum time for clients to leave while requests still arrive. */
  drainMs: number;
  /** The deadline of a stop. */
  stopMs: number;
}

/** The time between two checks whether clients have left. */
const LOOK_MS = 25;
/**
 * After this many checks without a request, half a second, clients have left or are idle; closing
 * an idle connection fails no request. Checks are counted, not time, because a suspended process
 * has not received requests yet.
 */
const QUIET_LOOKS = 20;
/**
 * The number of checks after a silence of `IDLE_MS` before the stop: clients were idle already. A
 * shorter silence may be due to a busy machine, and counts for nothing.
 */
const LOOKS_IF_IDLE = 4;
const IDLE_MS = 2000;

export class Life {
  readonly #options: LifeOptions;
  #listening: OpenPort | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  /**
   * Opens the port and returns its address; does nothing once a stop has begun. The store must be
   * reachable. Fails with `port-unavailable`.
   */
  start(): Pick<OpenPort, 'host' | 'port'> | undefined {
    if (this.#stopped) return undefined;
    this.#listening = this.#options.listen();
    this.#options.heartbeat.start();
    return this.#listening;
  }

  /** The reason why this replica accepts no traffic; `undefined` when a visit would be counted. */
  unready(): string | undefined {
    if (this.#stopped) return 'draining';
    if (!this.#listening) return 'starting';
    return this.#options.health.unready;
  }

  /**
   * Stops in the order above; further calls return the same stop. Fails with `stop-overdue` at the
   * deadline.
   */
  stop(): Promise<void> {
    const { stopMs } = this.#options;
    this.#stopped ??= within(stopMs, this.#stopInOrder(), () => {
      throw new AppError(
        'stop-overdue',
        `The stop did not end within ${stopMs} ms; unfinished requests are cut off.`,
      );
    });
    return this.#stopped;
  }

  async #stopInOrder(): Promise<void> {
    const { app, counter, store, heartbeat, endStreams } = this.#options;
    if (this.#listening) {
      heartbeat.drain();
      app.sendClientsAway();
      await this.#quiet();
      // Together with closing the port: otherwise a client could reconnect to this replica and be
      // refused, and browsers do not retry a refused stream.
      endStreams();
      await this.#close(this.#listening);
    }
    await counter.drain();
    if (this.#listening) await heartbeat.end();
    await store.close();
  }

  /**
   * Waits for every request, but not for clients that have sent half of one, which may never send
   * the rest.
   */
  async #close(port: OpenPort): Promise<void> {
    let closed = false;
    const closing = port.close().then(() => {
      closed = true;
    });
    let looks = 0;
    // eslint-disable-next-line no-unmodified-loop-condition -- modified by the promise
    while (!closed && looks < QUIET_LOOKS) {
      // eslint-disable-next-line no-await-in-loop -- looking again after a while
      await Bun.sleep(LOOK_MS);
      looks = this.#options.app.underWay() > 0 ? 0 : looks + 1;
    }
    port.cutOff();
    await closing;
  }

  /**
   * Ends as soon as clients have left, because people kill a process whose stop always takes the
   * maximum time.
   */
  async #quiet(): Promise<void> {
    const { app, drainMs } = this.#options;
    const until = performance.now() + drainMs;
    let heardAt = app.lastRequestAt();
    let looks = performance.now() - heardAt < IDLE_MS ? 0 : QUIET_LOOKS - LOOKS_IF_IDLE;
    while (performance.now() < until && looks < QUIET_LOOKS) {
      // eslint-disable-next-line no-await-in-loop -- looking again after a while
      await Bun.sleep(LOOK_MS);
      looks = app.lastRequestAt() === heardAt ? looks + 1 : 0;
      heardAt = app.lastRequestAt();
    }
  }
}
