/** Work that repeats while the page is visible. */

export class Task {
  readonly #everyMs: number;
  readonly #work: () => Promise<number | undefined>;
  #running = false;
  #busy = false;
  #again = false;
  #next: ReturnType<typeof setTimeout> | undefined;

  /** `work` never fails. It may return its own delay until the next time, in milliseconds. */
  constructor(everyMs: number, work: () => Promise<number | undefined>) {
    this.#everyMs = everyMs;
    this.#work = work;
  }

  /** Starts at once, or stops. */
  run(running: boolean): void {
    if (running === this.#running) return;
    this.#running = running;
    clearTimeout(this.#next);
    if (running) this.now();
  }

  /** Runs the work now; if it is running already, runs it once more after that. */
  now(): void {
    this.#again = true;
    if (this.#running && !this.#busy) void this.#once();
  }

  async #once(): Promise<void> {
    clearTimeout(this.#next);
    this.#busy = true;
    this.#again = false;
    const waitMs = (await this.#work()) ?? this.#everyMs;
    this.#busy = false;
    if (this.#running) this.#next = setTimeout(() => void this.#once(), this.#again ? 0 : waitMs);
  }
}
