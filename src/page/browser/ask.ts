/** Asking Seen for JSON. */

/** What came of it: what was told, or why nothing was. */
export interface JsonAnswer<T> {
  readonly told?: T;
  /**
   * `away`: the store is · `unreachable`: so is Seen · `busy`: too much was asked · `refused`: it
   * is not for everybody, or not there.
   */
  readonly failed?: 'away' | 'unreachable' | 'busy' | 'refused' | undefined;
  /** When to ask again, if Seen said so. */
  readonly againMs?: number | undefined;
}

/**
 * How long an answer may take: longer than a visit waits for the store, unless it was set
 * otherwise.
 */
const TIMEOUT_MS = 8000;

/** Asks for a path. Never fails. */
export async function ask<T>(path: string): Promise<JsonAnswer<T>> {
  try {
    const response = await fetch(path, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    });
    if (response.ok) return { told: (await response.json()) as T };
    await response.body?.cancel();
    const againMs = 1000 * Number(response.headers.get('Retry-After') ?? 0) || undefined;
    if (response.status === 429) return { failed: 'busy', againMs };
    if (response.status >= 500) return { failed: 'away', againMs };
    return { failed: 'refused' };
  } catch {
    return { failed: 'unreachable' };
  }
}
