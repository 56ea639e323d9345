/**
 * Finds replicas that hang: the process exists, but its event loop does not run. The kernel still
 * gives them connections.
 *
 * Each check, once a second, pings every replica. Unanswered checks are counted, not time, so that
 * no replica counts as hung after the machine slept or this process was suspended. Not here: the
 * ping (`replica-process.ts`), and the reaction (`supervisor.ts`).
 */

/** A replica as the watchdog sees it. */
export interface WatchedReplica {
  readonly name: string;
  /** Whether it has answered since its start. */
  readonly hasAnswered: boolean;
  /** Sends a ping, and returns the number of consecutive checks without an answer. */
  look(): number;
  /** Whether it waits for a disk in the kernel, and so cannot be killed. */
  waitsForDisk(): boolean;
}

/** The callbacks of the watchdog. */
export interface WatchdogActions<R extends WatchedReplica> {
  /** The replica hangs. Called again at later checks until it has ended. */
  readonly onHung: (replica: R) => void;
  /** The replica waits for the disk. Called once until it answers again. */
  readonly onWaiting: (replica: R) => void;
  /** A replica that waited for the disk answers again. */
  readonly onBack: (replica: R) => void;
}

/** The time between two checks. */
const LOOK_MS = 1000;
/**
 * A replica that is silent for this many checks hangs: the longest turns of an event loop take
 * less than one second.
 */
const HUNG_LOOKS = 10;
/**
 * The same before its first answer: on a machine with 30 runnable processes per core a start took
 * 50 s.
 */
const STARTING_LOOKS = 300;
/** A replica that is silent for this many checks is reported as silent. */
const SILENT_LOOKS = 3;
/**
 * Checks between two kills: when all replicas hang, the first usually listens again before the
 * next is killed.
 */
const BETWEEN_LOOKS = 5;

export class Watchdog<R extends WatchedReplica> {
  readonly #replicas: () => Iterable<R>;
  readonly #actions: WatchdogActions<R>;
  readonly #waiting = new Set<R>();
  #silent: readonly R[] = [];
  #looksSinceHung = BETWEEN_LOOKS;
  #timer: NodeJS.Timeout | undefined;

  /** `replicas` returns the running replicas. */
  constructor(replicas: () => Iterable<R>, actions: WatchdogActions<R>) {
    this.#replicas = replicas;
    this.#actions = actions;
  }

  /** Starts the checks; `end` stops them. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The replicas that did not answer the last checks, the longest silent first. */
  get silent(): readonly R[] {
    return this.#silent;
  }

  /** Checks all replicas once. Reports at most one as hung. */
  look(): void {
    const looked = [...this.#replicas()]
      .map((replica) => ({ replica, looks: replica.look() }))
      .toSorted((a, b) => b.looks - a.looks);
    this.#silent = looked
      .filter(({ looks }) => looks >= SILENT_LOOKS)
      .map(({ replica }) => replica);
    this.#reportBack();
    this.#looksSinceHung++;
    for (const { replica, looks } of looked) {
      if (looks < (replica.hasAnswered ? HUNG_LOOKS : STARTING_LOOKS)) continue;
      if (replica.waitsForDisk()) this.#reportWaiting(replica);
      else if (this.#looksSinceHung > BETWEEN_LOOKS) {
        this.#looksSinceHung = 0;
        this.#actions.onHung(replica);
      }
    }
  }

  #reportWaiting(replica: R): void {
    if (this.#waiting.has(replica)) return;
    this.#waiting.add(replica);
    this.#actions.onWaiting(replica);
  }

  #reportBack(): void {
    const alive = new Set(this.#replicas());
    for (const replica of this.#waiting) {
      if (alive.has(replica) && this.#silent.includes(replica)) continue;
      this.#waiting.delete(replica);
      if (alive.has(replica)) this.#actions.onBack(replica);
    }
  }
}
