/** Sends requests to Seen's API, and repeats work while the page is visible. */

/** The result of a request: the data, or why there is none. */
export interface JsonAnswer<T> {
  readonly data?: T;
  /**
   * `away`: the store is unavailable · `unreachable`: Seen does not respond · `busy`: a rate limit
   * was reached · `refused`: the data is private or does not exist, or the request is invalid.
   */
  readonly failed?: 'away' | 'unreachable' | 'busy' | 'refused' | undefined;
  /** The delay before a retry, if Seen named one. */
  readonly againMs?: number | undefined;
  /** The error as Seen describes it, if it does. */
  readonly problem?: Problem | undefined;
}

/** An error of the API (RFC 9457). `detail` says what was wrong and what to do, in English. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** A request other than a plain GET. */
export interface Call {
  readonly method?: 'POST' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent in the header `Authorization`. */
  readonly token?: string | undefined;
  /** Ends the request, which then fails as `unreachable`. */
  readonly signal?: AbortSignal | undefined;
  /** The time limit of the request; by default 8 s for a GET, and five minutes for a change. */
  readonly timeoutMs?: number;
}

/** The time limit for reading: longer than Seen waits for the store by default. */
const READ_TIMEOUT_MS = 8000;
/**
 * The time limit for a change: longer than Seen takes with any settings
 * (commands/compose/surface.ts). A page that gives up earlier says that nothing was done, and Seen
 * may do it all the same: it makes a counter, and nobody gets its token.
 */
export const CHANGE_TIMEOUT_MS = 300_000;

/** Sends a request to a path of Seen. `data` is undefined for an empty answer. Never fails. */
export async function ask<T>(path: string, call: Call = {}): Promise<JsonAnswer<T>> {
  const { timeoutMs = call.method ? CHANGE_TIMEOUT_MS : READ_TIMEOUT_MS } = call;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = call.signal ? AbortSignal.any([call.signal, limit]) : limit;
  const { data: response, ...failure } = await send(path, { ...call, signal });
  if (!response) return failure;
  if (response.status === 204) return {};
  try {
    return { data: (await response.json()) as T };
  } catch {
    return { failed: 'unreachable' };
  }
}

/** Sends a request without a time limit. `data` is a successful response. Never fails. */
export async function send(path: string, call: Call): Promise<JsonAnswer<Response>> {
  try {
    const response = await fetch(path, requestOf(call));
    if (response.ok) return { data: response };
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
    const againMs = 1000 * Number(response.headers.get('Retry-After') ?? 0) || undefined;
    return { failed: failureOf(response.status), againMs, problem };
  } catch {
    return { failed: 'unreachable' };
  }
}

/** Why a response with this status has no data. */
export function failureOf(status: number): 'busy' | 'away' | 'refused' {
  if (status === 429) return 'busy';
  return status >= 500 ? 'away' : 'refused';
}

function requestOf({ method, body, token, signal }: Call): RequestInit {
  return {
    cache: 'no-store',
    ...(signal && { signal }),
    ...(method && { method }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
  };
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
