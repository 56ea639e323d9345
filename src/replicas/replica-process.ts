/**
 * A replica as its parent sees it: a process with a channel, which listens some time after its
 * start. And the replica's slot, which decides how soon a dead replica is replaced.
 */
import { readFileSync } from 'node:fs';
import { within } from '../deadline.ts';
import type { Report, ToParent, ToReplica } from './channel.ts';
import type { WatchedReplica } from './watchdog.ts';

/** The exit status of a process that could not be started, as in shells. */
const STATUS_NOT_STARTED = 126;
/**
 * The exit status of a replica that exceeded its stop deadline: `stop-overdue` (EX_TEMPFAIL of
 * sysexits.h).
 */
const STATUS_OVERDUE = 75;
/** Extra time after a replica's own deadline before it is killed. */
const KILL_AFTER_MS = 2000;
/** The time limit of a report: long enough for a slow store, too short for a scrape to fail. */
const REPORT_MS = 3000;

/** How a replica ended after it was told to stop. */
export interface ReplicaEnd {
  readonly name: string;
  /** The exit status, 128 + N for signal N. */
  readonly status: number;
  /** `overdue`: it took too long, or hung and was killed. `died`: with a status other than 0. */
  readonly how: 'in order' | 'overdue' | 'died';
}

export class ReplicaProcess implements WatchedReplica {
  readonly name: string;
  readonly startedAt = performance.now();
  /** Resolves to true when the process listens, and to false when it ended before. */
  readonly listening: Promise<boolean>;
  /** Resolves with the exit status when the process has ended, 128 + N for signal N. */
  readonly ended: Promise<number>;
  readonly #process: Bun.Subprocess | undefined;
  readonly #reports = new Map<number, (report: Report | undefined) => void>();
  #nextReport = 1;
  #hasAnswered = false;
  /** Whether the last ping was answered. */
  #answered = true;
  #silentLooks = 0;
  #killed = false;

  constructor(name: string, command: readonly string[]) {
    this.name = name;
    const { promise, resolve: listens } = Promise.withResolvers<boolean>();
    this.listening = promise;
    this.#process = this.#spawn(command, () => listens(true));
    this.ended = (this.#process?.exited ?? Promise.resolve(STATUS_NOT_STARTED)).then((status) => {
      listens(false);
      for (const answer of this.#reports.values()) answer(undefined);
      return status;
    });
  }

  /**
   * The process, or `undefined` when the system cannot start one just now (no memory, no process
   * left, no program).
   */
  #spawn(command: readonly string[], onListening: () => void): Bun.Subprocess | undefined {
    try {
      return Bun.spawn([...command], {
        stdin: 'ignore',
        stdout: 'inherit',
        stderr: 'inherit',
        // A process group of its own: Ctrl-C and a closed terminal reach only the parent, which
        // then stops the replicas.
        detached: true,
        ipc: (message: ToParent) => {
          this.#hasAnswered = true;
          if (message.say === 'listening') onListening();
          else if (message.say === 'pong') this.#answered = true;
          else this.#reports.get(message.id)?.(message);
        },
      });
    } catch {
      return undefined;
    }
  }

  /**
   * Stops the replica in order, within `stopMs`, and kills it if it takes longer. Resolves when
   * the process has ended. Safe to call after its end.
   */
  async end(stopMs: number): Promise<ReplicaEnd> {
    this.#send({ say: 'stop' });
    const status = await within(stopMs + KILL_AFTER_MS, this.ended, () => {
      this.kill();
      return this.ended;
    });
    const overdue = this.#killed || status === STATUS_OVERDUE;
    const how = overdue ? 'overdue' : status === 0 ? 'in order' : 'died';
    return { name: this.name, status, how };
  }

  /** Ends the process at once. */
  kill(): void {
    this.#killed = true;
    this.#process?.kill('SIGKILL');
  }

  /** Whether it was killed by this process. */
  get killed(): boolean {
    return this.#killed;
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /**
   * Only one ping is pending at a time, so that messages do not accumulate for a replica that does
   * not read.
   */
  look(): number {
    if (this.#answered) {
      this.#silentLooks = 0;
      this.#answered = false;
      this.#send({ say: 'ping' });
    } else this.#silentLooks++;
    return this.#silentLooks;
  }

  /** On Linux only, where it is the state D of proc_pid_stat(5). */
  waitsForDisk(): boolean {
    try {
      const stat = readFileSync(`/proc/${this.#process?.pid}/stat`, 'utf8');
      // Before the state is the program's name in parentheses, which may itself contain some.
      return stat.slice(stat.lastIndexOf(')')).startsWith(') D');
    } catch {
      return false;
    }
  }

  /** The replica's report; `undefined` without a reply. */
  async report(): Promise<Report | undefined> {
    const id = this.#nextReport++;
    const { promise, resolve: answer } = Promise.withResolvers<Report | undefined>();
    this.#reports.set(id, answer);
    if (!this.#send({ say: 'report', id })) answer(undefined);
    const report = await within(REPORT_MS, promise, () => undefined);
    this.#reports.delete(id);
    return report;
  }

  #send(message: ToReplica): boolean {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null)
      return false;
    try {
      this.#process.send(message);
      return true;
    } catch {
      // It ended just now.
      return false;
    }
  }
}

/** The first pause before replacing a dead replica; doubles with each further death. */
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 10_000;
/** A replica that lives this long has started successfully. */
const LONG_LIFE_MS = 10_000;

/** The place of one replica under its parent. */
export class Slot {
  readonly name: string;
  current: ReplicaProcess | undefined;
  /** How often in a row a replica in this slot ended soon after its start. */
  #deaths = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Puts a new replica here, when the old one did not die. */
  replace(replica: ReplicaProcess): void {
    this.current = replica;
    this.#deaths = 0;
  }

  /** Notes that `replica` died. Returns the pause before it is replaced, in milliseconds. */
  died(replica: ReplicaProcess): number {
    const livedMs = performance.now() - replica.startedAt;
    this.#deaths = livedMs > LONG_LIFE_MS ? 1 : this.#deaths + 1;
    return this.#deaths === 1
      ? 0
      : Math.min(PAUSE_FIRST_MS * 2 ** (this.#deaths - 2), PAUSE_MAX_MS);
  }
}
