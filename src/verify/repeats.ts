/** What is asked for again and again under one key until it is answered: one visit, or one read, made of several requests. */

/** One of them, under way. */
export interface Insisting {
  readonly type: 'hit' | 'read';
  /** The highest number that anyone had been given when it was first asked for. */
  readonly floor: number;
  number?: number;
  /** Why the last request failed, if it did. */
  failure?: string | undefined;
}

export class Repeats {
  readonly #underWay = new Map<string, Insisting>();
  #keyed = false;
  #count = 0;

  /** Whether any visit had a key. */
  get keyed(): boolean {
    return this.#keyed;
  }

  /** How many requests were sent again. */
  get count(): number {
    return this.#count;
  }

  /** It is asked for, for the first time or again. */
  begin(key: string, type: Insisting['type'], floor: number): Insisting {
    if (type === 'hit') this.#keyed = true;
    const before = this.#underWay.get(key);
    if (before) {
      this.#count++;
      return before;
    }
    const insisting = { type, floor };
    this.#underWay.set(key, insisting);
    return insisting;
  }

  /** Nothing more is asked for under this key, or under any. Answers what never got what it wanted. */
  settle(key?: string): Insisting[] {
    const settled =
      key === undefined
        ? [...this.#underWay.values()]
        : [this.#underWay.get(key)].filter((one) => one !== undefined);
    if (key === undefined) this.#underWay.clear();
    else this.#underWay.delete(key);
    return settled.filter(({ number, failure }) => number === undefined && failure !== undefined);
  }
}
