/**
 * Tracks visits and reads that consist of several requests with the same key, repeated until one
 * is answered.
 */

/** A visit or read in progress. */
export interface PendingRequest {
  readonly type: 'hit' | 'read';
  /** The highest number that any client had at its first request. */
  readonly floor: number;
  number?: number;
  /** Why the last request failed, if it did. */
  failure: string | undefined;
}

export class Repeats {
  readonly #underWay = new Map<string, PendingRequest>();
  readonly #tries = new Map<string, number>();
  #keyed = false;

  /** Whether any visit had a key. */
  get keyed(): boolean {
    return this.#keyed;
  }

  /** Failures of requests with a key, by reason. */
  get tries(): ReadonlyMap<string, number> {
    return this.#tries;
  }

  /** A request for it begins, the first or a repeated one. */
  begin(key: string, type: PendingRequest['type'], floor: number): PendingRequest {
    if (type === 'hit') this.#keyed = true;
    const before = this.#underWay.get(key);
    if (before) return before;
    const insisting: PendingRequest = { type, floor, failure: undefined };
    this.#underWay.set(key, insisting);
    return insisting;
  }

  /** A request for it failed; without a `failure` there was nothing to get. */
  failed(insisting: PendingRequest, failure: string | undefined): void {
    insisting.failure = failure;
    if (failure !== undefined) this.#tries.set(failure, (this.#tries.get(failure) ?? 0) + 1);
  }

  /**
   * No more requests with this key, or with any, follow. Returns those whose last request failed.
   */
  settle(key?: string): PendingRequest[] {
    const one = key === undefined ? undefined : this.#underWay.get(key);
    const settled = key === undefined ? [...this.#underWay.values()] : one ? [one] : [];
    if (key === undefined) this.#underWay.clear();
    else this.#underWay.delete(key);
    return settled.filter(({ failure }) => failure !== undefined);
  }
}
