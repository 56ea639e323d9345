/**
 * The parent of several replicas on one machine: starts them, replaces those that die, and stops them.
 *
 * Each replica has a slot and a name. A slot is filled again when its process ends unasked, at once at first and more
 * slowly when it keeps dying. A replacement is started before the old process is stopped, so the port is never without a
 * listener. Replicas notice by the channel when the parent is gone and stop by themselves. Not here: signals.
 */
import { AppError } from '../counter/errors.ts';
import type { Log } from '../log.ts';
import type { MetricsSnapshot } from '../metrics.ts';
import type { Report } from './channel.ts';
import { ReplicaProcess } from './replica-process.ts';

export interface SupervisorOptions {
  /** One name per slot. */
  names: readonly string[];
  /** The command line that starts the replica of this name. */
  command: (name: string) => readonly string[];
  /** How long a replica takes at most to stop by itself. */
  stopMs: number;
  log: Log;
}

interface Slot {
  readonly name: string;
  current: ReplicaProcess | undefined;
  /** How often in a row it ended soon after its start. */
  deaths: number;
}

/** The first pause before a replacement that follows a death; doubles with each further one. */
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 10_000;
/** Who lives this long did not die of starting. */
const LONG_LIFE_MS = 10_000;
/** What a replica is given beyond its own deadline before it is killed. */
const KILL_AFTER_MS = 2000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  #stopping: Promise<void> | undefined;
  #replacing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = options.names.map((name) => ({ name, current: undefined, deaths: 0 }));
  }

  /** Starts all replicas; resolves when each listens. Fails with `replica-failed` when one ends before it does. */
  async start(): Promise<void> {
    const started = await Promise.all(this.#slots.map((slot) => this.#fill(slot).listening));
    const failed = this.#slots.filter((_, index) => !started[index]);
    if (failed.length > 0 && !this.#stopping) {
      throw new AppError(
        'replica-failed',
        `${failed.map(({ name }) => name).join(', ')} ended before listening. The lines above say why.`,
      );
    }
  }

  /** Replaces the replicas one by one; leaves off when a new one does not come to listen. */
  async replaceAll(): Promise<void> {
    const { log } = this.#options;
    if (this.#replacing || this.#stopping) {
      log.warn('replicas are being replaced or stopped already');
      return;
    }
    this.#replacing = true;
    for (const slot of this.#slots) {
      // eslint-disable-next-line no-await-in-loop -- one by one is what is asked for
      if (!(await this.#replace(slot))) break;
    }
    this.#replacing = false;
  }

  /** Stops all replicas in order; resolves when none is left. Fails with `stop-overdue` when one had to be cut off. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends all replicas at once. */
  kill(): void {
    for (const { current } of this.#slots) current?.kill();
  }

  /** Why no replica takes traffic; `undefined` when at least one does. */
  async unready(): Promise<string | undefined> {
    if (this.#stopping) return 'draining';
    const reports = await this.#reports();
    if (reports.some(({ unready }) => unready === undefined)) return undefined;
    return reports[0]?.unready ?? 'no replica answers';
  }

  /** The figures of all replicas that answer. */
  async metrics(): Promise<MetricsSnapshot[]> {
    return (await this.#reports()).map(({ metrics }) => metrics);
  }

  async #reports(): Promise<Report[]> {
    const replicas = this.#slots.map(({ current }) => current).filter((replica) => replica !== undefined);
    const reports = await Promise.all(replicas.map((replica) => replica.report()));
    return reports.filter((report) => report !== undefined);
  }

  async #stopAll(): Promise<void> {
    const cutOff: string[] = [];
    await Promise.all(
      this.#slots.map(async ({ name, current }) => {
        if (current?.isAlive && (await this.#end(current)) !== 0) cutOff.push(name);
      }),
    );
    if (cutOff.length > 0) {
      throw new AppError(
        'stop-overdue',
        `${cutOff.join(', ')} did not come to the end of the stop within ${this.#options.stopMs} ms; what was left is cut off.`,
      );
    }
  }

  #fill(slot: Slot): ReplicaProcess {
    const replica = new ReplicaProcess(this.#options.command(slot.name));
    slot.current = replica;
    void this.#watch(slot, replica);
    return replica;
  }

  /** Fills the slot again when its process ends and nobody has put another in its place. */
  async #watch(slot: Slot, replica: ReplicaProcess): Promise<void> {
    const status = await replica.ended;
    if (slot.current !== replica || this.#stopping) return;
    slot.deaths = performance.now() - replica.startedAt > LONG_LIFE_MS ? 1 : slot.deaths + 1;
    const pauseMs = slot.deaths === 1 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (slot.deaths - 2), PAUSE_MAX_MS);
    this.#options.log.warn({ status, pauseMs }, `${slot.name} ended by itself and is replaced`);
    await Bun.sleep(pauseMs);
    if (slot.current === replica && !this.#stopping) this.#fill(slot);
  }

  async #replace(slot: Slot): Promise<boolean> {
    const { log } = this.#options;
    const old = slot.current;
    const fresh = new ReplicaProcess(this.#options.command(slot.name));
    if (!(await fresh.listening) || this.#stopping) {
      fresh.stop();
      if (!this.#stopping)
        log.error(`the new ${slot.name} did not start; the old one stays, and so do those after it`);
      return false;
    }
    slot.current = fresh;
    slot.deaths = 0;
    void this.#watch(slot, fresh);
    if (old) await this.#end(old);
    log.info(`${slot.name} is replaced`);
    return true;
  }

  /** Stops one replica and answers its exit status; one that overstays is killed. */
  async #end(replica: ReplicaProcess): Promise<number> {
    replica.stop();
    const timer = setTimeout(() => replica.kill(), this.#options.stopMs + KILL_AFTER_MS);
    const status = await replica.ended;
    clearTimeout(timer);
    return status;
  }
}
