/**
 * One request to the API, repeated where that is safe. Not here: which request a call makes
 * (`client.ts`).
 */
import { SeenError } from './errors.ts';
import { pause } from './pause.ts';

/** A request to the API. */
export interface CallRequest {
  readonly body?: object;
  /** Its `Idempotency-Key`, with which it may be repeated. */
  readonly key?: string;
  /** Ends it; it then fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request, and returns the JSON of its answer. Fails with `SeenError`. */
export type Call = <T>(method: string, path: string, request?: CallRequest) => Promise<T>;

/** The first pause before a repetition. It doubles, and its random part keeps clients apart. */
const PAUSE_MS = 200;
/**
 * An attempt needs at least this part of a call's time. With less it would hardly get an answer,
 * and the caller would not see the answer before it.
 */
const ATTEMPT_PART = 0.1;
/** No answer, a limit, or Seen or a proxy in front of it is unavailable. */
const REPEATED = new Set([0, 429, 502, 503, 504]);

/**
 * The calls of one client. `timeoutMs` is the longest time of a call with all its repetitions:
 * only reads, and requests with a key, are repeated.
 */
export function createCall(url: string, token: string | undefined, timeoutMs: number): Call {
  return async <T>(
    method: string,
    path: string,
    { body, key, signal }: CallRequest = {},
  ): Promise<T> => {
    const end = Date.now() + timeoutMs;
    const repeats = method === 'GET' || !!key;
    const headers = new Headers();
    if (token) headers.set('Authorization', `Bearer ${token}`);
    if (key) headers.set('Idempotency-Key', key);
    if (body) headers.set('Content-Type', 'application/json');
    const latest = end - timeoutMs * ATTEMPT_PART;
    let last: SeenError | undefined;
    for (let pauseMs = PAUSE_MS; ; pauseMs *= 2) {
      const leftMs = end - Date.now();
      try {
        // Timers of a page in the background are late.
        if (last && Date.now() > latest) throw last;
        // A connection that hangs takes half of the time, so that there is a repetition.
        // Node takes whole numbers only.
        const attempt = AbortSignal.timeout(Math.ceil(repeats ? leftMs / 2 : leftMs));
        const response = await fetch(`${url}/api/v1${path}`, {
          method,
          headers,
          body: JSON.stringify(body),
          // A visit is sent even when the visitor leaves the page at once.
          keepalive: !!key,
          signal: signal ? AbortSignal.any([attempt, signal]) : attempt,
        });
        if (!response.ok) throw await errorOf(response);
        return (response.status === 204 ? undefined : await response.json()) as T;
      } catch (cause) {
        signal?.throwIfAborted();
        last =
          cause instanceof SeenError
            ? cause
            : new SeenError(0, 'unreachable', `No answer from ${url}`, { cause });
        const waitMs = Math.max(pauseMs * (1 + Math.random()), (last.retryAfter ?? 0) * 1000);
        if (!repeats || !REPEATED.has(last.status) || Date.now() + waitMs > latest) throw last;
        await pause(waitMs, signal);
      }
    }
  };
}

interface Problem {
  readonly code?: string;
  readonly detail?: string;
}

/** The error in a response: a problem document, unless a proxy has answered. */
async function errorOf(response: Response): Promise<SeenError> {
  const { status, headers } = response;
  // A proxy's answer may be any JSON, `null` included.
  const problem: unknown = await response.json().catch(() => undefined);
  const { code = 'unknown', detail = `HTTP ${status}` } = (problem ?? {}) as Problem;
  return new SeenError(status, code, detail, {
    retryAfter: Number(headers.get('Retry-After')) || undefined,
  });
}
