/**
 * The parent of several replicas on one machine: starts them, replaces those that die, and stops
 * them.
 *
 * Each replica has a slot and a name. When its process dies, the slot is filled again, at once at
 * first, and with growing pauses if it keeps dying (`replica-process.ts`). A replacement starts
 * before the old process stops, so the port always has a listener. A replica that hangs is killed
 * (`watchdog.ts` finds it). When the parent dies, replicas notice it through the channel and stop.
 * Not here: signals.
 */
import { AppError } from '../counter/errors.ts';
import type { Log } from '../log.ts';
import type { MetricsSnapshot } from '../metrics.ts';
import type { Report } from './channel.ts';
import { unreadyReason } from './readiness.ts';
import { ReplicaProcess, Slot } from './replica-process.ts';
import { logDeath, stopTogether } from './stopping.ts';
import { Watchdog } from './watchdog.ts';

export interface SupervisorOptions {
  /** One name per slot. */
  names: readonly string[];
  /** The command line that starts the replica of this name. */
  command: (name: string) => readonly string[];
  /** The maximum time that a replica takes to stop. */
  stopMs: number;
  log: Log;
  /** Called for each replica that is killed because it hangs. */
  onHung?: () => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  /** All running processes, including those that start or stop. */
  readonly #alive = new Set<ReplicaProcess>();
  readonly #watchdog: Watchdog<ReplicaProcess>;
  /** Set by `stop` and `kill`: from then on no slot is filled again. */
  #stopping: Promise<void> | undefined;
  /** Whether a start or a replacement is in progress; only one runs at a time. */
  #busy = true;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = options.names.map((name) => new Slot(name));
    const { log, onHung } = options;
    this.#watchdog = new Watchdog(() => this.#alive, {
      onHung: (replica) => {
        log.error(`${replica.name} hangs: it has not answered for 10 s, and is killed`);
        replica.kill();
        onHung?.();
      },
      onWaiting: ({ name }) =>
        log.error(`${name} hangs: it waits for the disk, and continues when the disk answers`),
      onBack: ({ name }) => log.info(`${name} continues: the disk answers again`),
    });
  }

  /**
   * Starts all replicas; resolves when each listens. The first starts alone, so that it has the
   * processors for itself and answers visits sooner. Fails with `replica-failed` when one ends
   * before it listens; the others run until `kill`.
   */
  async start(): Promise<void> {
    this.#watchdog.start();
    await this.#startTogether(this.#slots.slice(0, 1));
    await this.#startTogether(this.#slots.slice(1));
    this.#busy = false;
  }

  /** Replaces the replicas one by one; stops when a new one does not listen. */
  async replaceAll(): Promise<void> {
    const { log } = this.#options;
    if (this.#busy || this.#stopping) {
      log.warn('SIGHUP is ignored: replicas are being started, replaced or stopped');
      return;
    }
    this.#busy = true;
    let replaced = true;
    for (const slot of this.#slots) {
      // eslint-disable-next-line no-await-in-loop -- one by one
      replaced = replaced && (await this.#replace(slot));
    }
    this.#busy = false;
    if (replaced) log.info('all replicas are replaced');
  }

  /**
   * Stops all replicas in order; resolves when all have ended. Fails with `stop-overdue` when one
   * exceeded its deadline, and with `replica-failed` when one died.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends all replicas at once. */
  kill(): void {
    this.#stopping ??= Promise.resolve();
    for (const replica of this.#alive) replica.kill();
  }

  /** The reason why no replica accepts traffic; `undefined` when at least one does. */
  async unready(): Promise<string | undefined> {
    if (this.#stopping) return 'draining';
    return unreadyReason(this.#askAll());
  }

  /** The names of the replicas that have not answered for some seconds. */
  get silent(): readonly string[] {
    const current = new Set(this.#slots.map((slot) => slot.current));
    return this.#watchdog.silent.filter((replica) => current.has(replica)).map(({ name }) => name);
  }

  /** The metrics of all replicas that answer. */
  async metrics(): Promise<MetricsSnapshot[]> {
    const reports = await Promise.all(this.#askAll());
    return reports.filter((report) => report !== undefined).map(({ metrics }) => metrics);
  }

  /** Requests a report of each replica; `undefined` without a reply. */
  #askAll(): Promise<Report | undefined>[] {
    return this.#slots.flatMap(({ current }) => current?.report() ?? []);
  }

  async #stopAll(): Promise<void> {
    const { stopMs, log } = this.#options;
    try {
      await stopTogether(this.#alive, stopMs, log);
    } finally {
      this.#watchdog.end();
    }
  }

  #spawn(name: string): ReplicaProcess {
    const replica = new ReplicaProcess(name, this.#options.command(name));
    this.#alive.add(replica);
    void replica.ended.then(() => this.#alive.delete(replica));
    return replica;
  }

  async #startTogether(slots: readonly Slot[]): Promise<void> {
    if (this.#stopping) return;
    const started = await Promise.all(slots.map((slot) => this.#start(slot)));
    const failed = slots.filter((_, index) => !started[index]);
    if (failed.length === 0 || this.#stopping) return;
    throw new AppError(
      'replica-failed',
      `${failed.map(({ name }) => name).join(', ')} ended before listening. The lines above have the reason.`,
    );
  }

  /** Fills the slot for the first time. Returns false when the process ended before it listens. */
  async #start(slot: Slot): Promise<boolean> {
    const replica = this.#spawn(slot.name);
    slot.current = replica;
    const listens = await replica.listening;
    // Until then it is not replaced: the start fails with it.
    if (listens) void this.#watch(slot, replica);
    return listens;
  }

  /** Fills the slot again when its process ends and has not been replaced. */
  async #watch(slot: Slot, replica: ReplicaProcess): Promise<void> {
    const status = await replica.ended;
    if (slot.current !== replica || this.#stopping) return;
    const pauseMs = slot.died(replica);
    const ended = replica.killed ? 'was killed' : 'ended by itself';
    this.#options.log.warn({ status, pauseMs }, `${slot.name} ${ended} and is replaced`);
    await Bun.sleep(pauseMs);
    if (slot.current !== replica || this.#stopping) return;
    slot.current = this.#spawn(slot.name);
    void this.#watch(slot, slot.current);
  }

  /** Returns false when a stop has begun, or the new replica did not start. */
  async #replace(slot: Slot): Promise<boolean> {
    if (this.#stopping) return false;
    const { log } = this.#options;
    const fresh = this.#spawn(slot.name);
    if (!(await fresh.listening) || this.#stopping) {
      if (!this.#stopping)
        log.error(
          `the new ${slot.name} did not start; the old one and those after it keep running`,
        );
      return false;
    }
    // Only now: during the start of the new one, the old one may have died and been replaced.
    const old = slot.current;
    slot.replace(fresh);
    void this.#watch(slot, fresh);
    const end = await old?.end(this.#options.stopMs);
    // A stop of all replicas logs it itself.
    if (end?.how === 'died' && !this.#stopping) logDeath(end, log);
    log.info(`${slot.name} is replaced`);
    return true;
  }
}
