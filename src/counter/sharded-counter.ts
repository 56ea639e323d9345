/**
 * Counts in a store whose counters are divided into shards: a `Counter` for each, with its own
 * writer and its own batch in progress.
 *
 * So what is promised of one counter and one writer (decision 4) holds in each shard, and a shard
 * that does not answer delays no other.
 */
import type { Division } from '../contract/counting.ts';
import { Counter, type CounterObserver, type CounterOptions } from './counter.ts';
import type { HitOptions } from './hit.ts';

/** A counter, or one for each shard of a store. */
export type HitCounter = Pick<Counter, 'waiting' | 'hit' | 'read' | 'probe' | 'drain'>;

export interface HitCounterOptions
  extends Omit<CounterOptions, 'observer' | 'shard' | 'isFull' | 'counting'> {
  readonly counting: CounterOptions['counting'] & { readonly division?: Division | undefined };
  /** Returns the observer of a shard. */
  readonly observerOf: (shard: number) => CounterObserver;
}

/** Returns the counter of a store: most have one shard. */
export function createCounter(options: HitCounterOptions): HitCounter {
  const { division } = options.counting;
  if (division !== undefined) return new ShardedCounter(options, division);
  return new Counter({ ...options, observer: options.observerOf(0) });
}

/** Notes whether a shard fails now. */
function noteFailures(observer: CounterObserver) {
  const failing = {
    now: false,
    observer: {
      ...observer,
      committed: (...batch: Parameters<CounterObserver['committed']>) => {
        failing.now = false;
        observer.committed(...batch);
      },
      retrying: (error: Parameters<CounterObserver['retrying']>[0]) => {
        failing.now = true;
        observer.retrying(error);
      },
      late: () => {
        failing.now = true;
        observer.late();
      },
    },
  };
  return failing;
}

class ShardedCounter implements HitCounter {
  readonly #counters: readonly Counter[];
  readonly #division: Division;

  constructor({ observerOf, ...options }: HitCounterOptions, division: Division) {
    const { shards } = division;
    this.#division = division;
    this.#counters = Array.from({ length: shards }, (_, shard) => {
      const failing = noteFailures(observerOf(shard));
      const most = Math.ceil(options.waitingMax / shards);
      // Hits of a shard that fails must leave places for the others.
      const isFull = (size: number) =>
        this.waiting >= options.waitingMax || (failing.now && size >= most);
      return new Counter({ ...options, shard, isFull, observer: failing.observer });
    });
  }

  /** As `Counter.waiting`, of all shards. */
  get waiting(): number {
    let sum = 0;
    for (const counter of this.#counters) sum += counter.waiting;
    return sum;
  }

  /** As `Counter.hit`. */
  hit(name: string, options?: HitOptions): Promise<number | null> {
    const counter = this.#counters[this.#division.shardOf(name)];
    if (counter === undefined) throw new Error(`the store has no shard for ${name}`);
    return counter.hit(name, options);
  }

  /** As `Counter.read`. */
  read(names: readonly string[]): Promise<readonly (number | undefined)[]> {
    const [counter] = this.#counters;
    if (counter === undefined) throw new Error('a store has at least one shard');
    return counter.read(names);
  }

  /** As `Counter.probe`, in each shard. */
  probe(): void {
    for (const counter of this.#counters) counter.probe();
  }

  /** As `Counter.drain`, of all shards. */
  async drain(): Promise<void> {
    await Promise.all(this.#counters.map((counter) => counter.drain()));
  }
}
