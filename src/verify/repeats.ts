/**
 * What is asked for again and again under one key until it is answered: one visit, or one read,
 * made of several requests.
 */

/** One of them, under way. */
export interface PendingRequest {
  readonly type: 'hit' | 'read';
  /** The highest number that anyone had been given when it was first asked for. */
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

  /** How requests failed that had a key, and so were to be repeated, and how often. */
  get tries(): ReadonlyMap<string, number> {
    return this.#tries;
  }

  /** It is asked for, for the first time or again. */
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
   * Nothing more is asked for under this key, or under any. Answers those whose last request
   * failed.
   */
  settle(key?: string): PendingRequest[] {
    const one = key === undefined ? undefined : this.#underWay.get(key);
    const settled = key === undefined ? [...this.#underWay.values()] : one ? [one] : [];
    if (key === undefined) this.#underWay.clear();
    else this.#underWay.delete(key);
    return settled.filter(({ failure }) => failure !== undefined);
  }
}
