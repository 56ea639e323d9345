/** Requests JSON from Seen, and repeats work while the page is visible. */

/** The result of a request: the data, or why there is none. */
export interface JsonAnswer<T> {
  readonly data?: T;
  /**
   * `away`: the store is unavailable · `unreachable`: Seen does not respond · `busy`: a rate limit
   * was reached · `refused`: the data is private or does not exist.
   */
  readonly failed?: 'away' | 'unreachable' | 'busy' | 'refused' | undefined;
  /** The delay before a retry, if Seen named one. */
  readonly againMs?: number | undefined;
}

/** The time limit of a request: longer than a visit waits for the store by default. */
const TIMEOUT_MS = 8000;

/** Requests a path of Seen. Never fails. */
export async function ask<T>(path: string): Promise<JsonAnswer<T>> {
  try {
    const response = await fetch(path, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    });
    if (response.ok) return { data: (await response.json()) as T };
    await response.body?.cancel();
    const againMs = 1000 * Number(response.headers.get('Retry-After') ?? 0) || undefined;
    if (response.status === 429) return { failed: 'busy', againMs };
    if (response.status >= 500) return { failed: 'away', againMs };
    return { failed: 'refused' };
  } catch {
    return { failed: 'unreachable' };
  }
}

/** Work that is repeated while the page is visible, never twice at once. */
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
