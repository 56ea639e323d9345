/** A replica's place under its parent, and how soon it is filled again when the replica died. */
import type { ReplicaProcess } from './replica-process.ts';

/** The first pause before replacing a dead replica; doubles with each further death. */
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 10_000;
/** A replica that lives this long has started successfully. */
const LONG_LIFE_MS = 10_000;

export class Slot {
  readonly name: string;
  current: ReplicaProcess | undefined;
  /** How often in a row its replica ended soon after its start. */
  #deaths = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Puts another replica here in order. */
  replace(replica: ReplicaProcess): void {
    this.current = replica;
    this.#deaths = 0;
  }

  /** Notes that `replica` ended unasked, and answers how long to wait before it is replaced. */
  died(replica: ReplicaProcess): number {
    const livedMs = performance.now() - replica.startedAt;
    this.#deaths = livedMs > LONG_LIFE_MS ? 1 : this.#deaths + 1;
    return this.#deaths === 1
      ? 0
      : Math.min(PAUSE_FIRST_MS * 2 ** (this.#deaths - 2), PAUSE_MAX_MS);
  }
}
