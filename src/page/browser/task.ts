/** Something that is done again and again while somebody looks at the page. */

export class Task {
  readonly #everyMs: number;
  readonly #work: () => Promise<number | undefined>;
  #running = false;
  #busy = false;
  #asked = false;
  #next: ReturnType<typeof setTimeout> | undefined;

  /** `work` never fails; it may answer how long to wait this time, in milliseconds. */
  constructor(everyMs: number, work: () => Promise<number | undefined>) {
    this.#everyMs = everyMs;
    this.#work = work;
  }

  /** Begins, at once, or ends. */
  run(running: boolean): void {
    if (running === this.#running) return;
    this.#running = running;
    clearTimeout(this.#next);
    if (running) this.now();
  }

  /** Does not wait for the next time; once more, if it is just being done. */
  now(): void {
    this.#asked = true;
    if (this.#running && !this.#busy) void this.#once();
  }

  async #once(): Promise<void> {
    clearTimeout(this.#next);
    this.#busy = true;
    this.#asked = false;
    const waitMs = (await this.#work()) ?? this.#everyMs;
    this.#busy = false;
    if (this.#running) this.#next = setTimeout(() => void this.#once(), this.#asked ? 0 : waitMs);
  }
}
