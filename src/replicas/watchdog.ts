/**
 * Finds replicas that hang: the process exists, but its event loop does not run. The kernel goes
 * on giving them visitors.
 *
 * Each replica is asked for a sign of life at every look, once a second. Looks are counted, not
 * time, so that nobody is taken for hung because the machine slept or this process stood still:
 * then there were no looks. Not here: how a replica is asked (`replica-process.ts`), and what is
 * done about it (`supervisor.ts`).
 */

/** A replica as it is watched. */
export interface WatchedReplica {
  readonly name: string;
  /** Whether it has given a sign of life since its start. */
  readonly hasAnswered: boolean;
  /** Asks for a sign of life, and returns for how many looks in a row there has been none. */
  look(): number;
  /** Whether it waits in the system, for a disk, and so cannot be killed. */
  waitsForDisk(): boolean;
}

/** What a watchdog does about what it finds. */
export interface WatchdogActions<R extends WatchedReplica> {
  /** The replica hangs. It is found again at later looks until it has ended. */
  readonly onHung: (replica: R) => void;
  /** The replica waits for the disk. Called once until it answers again. */
  readonly onWaiting: (replica: R) => void;
  /** A replica that waited for the disk answers again. */
  readonly onBack: (replica: R) => void;
}

/** Between two looks. */
const LOOK_MS = 1000;
/**
 * A replica that has been silent for so many looks hangs: the longest turns of an event loop take
 * less than one second.
 */
const HUNG_LOOKS = 10;
/**
 * The same before its first sign of life: on a machine with 30 runnable processes per core a start
 * took 50 s.
 */
const STARTING_LOOKS = 300;
/** A replica that has been silent for so many looks is reported as silent. */
const SILENT_LOOKS = 3;
/**
 * Looks between two kills: when all replicas hang, the first usually listens again before the next
 * is killed.
 */
const BETWEEN_LOOKS = 5;

export class Watchdog<R extends WatchedReplica> {
  readonly #replicas: () => Iterable<R>;
  readonly #actions: WatchdogActions<R>;
  readonly #waiting = new Set<R>();
  #silent: readonly R[] = [];
  #looksSinceHung = BETWEEN_LOOKS;
  #timer: NodeJS.Timeout | undefined;

  /** `replicas` returns those that live now. */
  constructor(replicas: () => Iterable<R>, actions: WatchdogActions<R>) {
    this.#replicas = replicas;
    this.#actions = actions;
  }

  /** Begins to look; `end` is the opposite. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The replicas that were silent for the last looks, the longest first. */
  get silent(): readonly R[] {
    return this.#silent;
  }

  /** Looks at all replicas once. At most one is reported as hung. */
  look(): void {
    const looked = [...this.#replicas()]
      .map((replica) => ({ replica, looks: replica.look() }))
      .toSorted((a, b) => b.looks - a.looks);
    this.#silent = looked
      .filter(({ looks }) => looks >= SILENT_LOOKS)
      .map(({ replica }) => replica);
    this.#tellWhoIsBack();
    this.#looksSinceHung++;
    for (const { replica, looks } of looked) {
      if (looks < (replica.hasAnswered ? HUNG_LOOKS : STARTING_LOOKS)) continue;
      if (replica.waitsForDisk()) this.#tellThatWaits(replica);
      else if (this.#looksSinceHung > BETWEEN_LOOKS) {
        this.#looksSinceHung = 0;
        this.#actions.onHung(replica);
      }
    }
  }

  #tellThatWaits(replica: R): void {
    if (this.#waiting.has(replica)) return;
    this.#waiting.add(replica);
    this.#actions.onWaiting(replica);
  }

  #tellWhoIsBack(): void {
    const alive = new Set(this.#replicas());
    for (const replica of this.#waiting) {
      if (alive.has(replica) && this.#silent.includes(replica)) continue;
      this.#waiting.delete(replica);
      if (alive.has(replica)) this.#actions.onBack(replica);
    }
  }
}
