/** Watching totals: what each subscriber gets and when, and how often the store is read. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../../src/counter/errors.ts';
import { Watch } from '../../../src/counter/watch.ts';
import { until } from '../../support/folder.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store/store.ts';

let clock: ManualClock;
let store: MemoryStore;
let reads: (readonly string[])[];
let bugs: unknown[];
/** How many readings were under way at once at the most. */
let mostAtOnce = 0;
/** What the store does instead of answering. */
let trouble: ((counters: readonly string[]) => void) | undefined;
/** What happens after the store has read, before it answers. */
let held: (() => void) | undefined;

/** A watch on the store, by way of a count of what it reads. */
function watchOn(): Watch {
  const mine: (readonly string[])[] = [];
  reads = mine;
  let underWay = 0;
  const read = async (counters: readonly string[]) => {
    mine.push(counters);
    underWay++;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    try {
      await Bun.sleep(0);
      trouble?.(counters);
      const totals = await store.counting.read(counters);
      held?.();
      return totals;
    } finally {
      underWay--;
    }
  };
  return new Watch({ counting: { read }, clock, onBug: (error) => bugs.push(error) });
}

/** Subscribes; answers what is told and how to end it. */
function subscribe(watch: Watch, ...counters: string[]) {
  const told: string[] = [];
  const end = watch.subscribe(counters, (counter, total) =>
    told.push(`${counter} ${total ?? 'gone'}`),
  );
  return { told, end };
}

const setTo = async (counter: string, total: number) => {
  await store.registry.create(counter, { total, madeAt: 0, owner: '' });
  await store.registry.change(counter, { total: total });
};
/** Lets time pass until a reading has certainly been. */
const passOne = async () => {
  await clock.pass(250);
  await Bun.sleep(2);
  await clock.pass(0);
};

beforeEach(() => {
  clock = new ManualClock();
  store = createMemoryStore();
  mostAtOnce = 0;
  bugs = [];
  trouble = undefined;
});

afterEach(() => expect(mostAtOnce).toBeLessThanOrEqual(1));

describe('a subscriber', () => {
  test('gets the total first, then each change, and nothing otherwise', async () => {
    await setTo('a/one', 5);
    const { told } = subscribe(watchOn(), 'a/one');
    await passOne();
    expect(told).toEqual(['a/one 5']);
    await passOne();
    await passOne();
    expect(told).toEqual(['a/one 5']);
    await setTo('a/one', 7);
    await passOne();
    await setTo('a/one', 3);
    await passOne();
    expect(told).toEqual(['a/one 5', 'a/one 7', 'a/one 3']);
  });

  test('learns when a missing counter is made and when it is deleted', async () => {
    const { told } = subscribe(watchOn(), 'a/one');
    await passOne();
    await passOne();
    expect(told).toEqual(['a/one gone']);
    await setTo('a/one', 0);
    await passOne();
    await store.registry.delete(['a/one']);
    await passOne();
    await passOne();
    await setTo('a/one', 1);
    await passOne();
    expect(told).toEqual(['a/one gone', 'a/one 0', 'a/one gone', 'a/one 1']);
  });

  test('that joins later gets the result of the next read, never an older one', async () => {
    await setTo('a/one', 5);
    const watch = watchOn();
    const first = subscribe(watch, 'a/one');
    await passOne();
    await setTo('a/one', 6);
    // They come while a reading is under way that found the number before theirs.
    let late: ReturnType<typeof subscribe> | undefined;
    const { promise: found, resolve: find } = Promise.withResolvers<void>();
    held = () => {
      late ??= subscribe(watch, 'a/one');
      void store.registry.change('a/one', { total: 7 }).then(() => find());
    };
    await passOne();
    await found;
    held = undefined;
    expect(first.told).toEqual(['a/one 5', 'a/one 6']);
    expect(late?.told).toEqual([]);
    await passOne();
    expect(late?.told).toEqual(['a/one 7']);
    expect(first.told).toEqual(['a/one 5', 'a/one 6', 'a/one 7']);
    const last = subscribe(watch, 'a/one');
    await passOne();
    expect(last.told).toEqual(['a/one 7']);
  });

  test('can watch several counters, and one that it names twice once', async () => {
    await setTo('a/one', 1);
    await setTo('a/two', 2);
    const watch = watchOn();
    const { told, end } = subscribe(watch, 'a/one', 'a/two', 'a/one');
    await passOne();
    expect(told).toEqual(['a/one 1', 'a/two 2']);
    expect(watch.subscribers).toBe(1);
    end();
    expect(watch.subscribers).toBe(0);
  });

  test('that has ended gets nothing more, and does not end others', async () => {
    const watch = watchOn();
    const [one, two] = [subscribe(watch, 'a/one'), subscribe(watch, 'a/one')];
    one.end();
    one.end();
    expect(watch.subscribers).toBe(1);
    await setTo('a/one', 1);
    await passOne();
    expect([one.told, two.told]).toEqual([[], ['a/one 1']]);
  });
});

describe('the store', () => {
  test('is not read without subscribers, neither before the first nor after the last', async () => {
    const watch = watchOn();
    await passOne();
    expect(reads).toEqual([]);
    const { end } = subscribe(watch, 'a/one');
    await passOne();
    end();
    const asked = reads.length;
    for (let n = 0; n < 4; n++) await passOne();
    expect(reads.length).toBe(asked);
    expect(clock.pending).toBe(0);
    subscribe(watch, 'a/one');
    await passOne();
    expect(reads.length).toBeGreaterThan(asked);
  });

  test('is read once for all, however many subscribers and visits there are', async () => {
    const watch = watchOn();
    for (let n = 0; n < 50; n++) subscribe(watch, n % 2 === 0 ? 'a/one' : 'a/two');
    await passOne();
    const asked = reads.length;
    for (let n = 0; n < 10; n++) {
      for (let visit = 0; visit < 20; visit++) await setTo('a/one', visit);
      await passOne();
    }
    expect(reads.length - asked).toBe(10);
    expect(new Set(reads.map((counters) => counters.join(' ')))).toEqual(new Set(['a/one a/two']));
  });

  test('is read for up to 1,000 counters at once', async () => {
    const names = Array.from({ length: 2001 }, (_, n) => `a/n${n}`);
    const watch = watchOn();
    subscribe(watch, ...names.slice(0, 1000));
    await passOne();
    expect(reads[0]).toHaveLength(1000);
    subscribe(watch, ...names);
    reads.length = 0;
    await passOne();
    await until('three readings', () => reads.length === 3);
    // The next three are those of the next reading: the first one was of no more.
    await passOne();
    await until('three more', () => reads.length === 6);
    expect(reads.map(({ length }) => length)).toEqual([1000, 1000, 1, 1000, 1000, 1]);
  });

  test('that is unavailable is retried silently until it is back', async () => {
    await setTo('a/one', 1);
    const { told } = subscribe(watchOn(), 'a/one');
    await passOne();
    trouble = () => {
      throw new AppError('store-unavailable', 'away, by the test');
    };
    await setTo('a/one', 2);
    for (let n = 0; n < 3; n++) await passOne();
    expect({ told, bugs }).toEqual({ told: ['a/one 1'], bugs: [] });
    trouble = undefined;
    await passOne();
    expect(told).toEqual(['a/one 1', 'a/one 2']);
  });

  test('can contain an unreadable counter, and subscribers of others still get changes', async () => {
    const names = Array.from({ length: 9 }, (_, n) => `a/n${n}`);
    for (const name of names) await setTo(name, 1);
    trouble = (counters) => {
      if (counters.includes('a/n4')) throw new AppError('counter-unreadable', 'by the test');
    };
    const { told } = subscribe(watchOn(), ...names);
    await passOne();
    await until('eight to be told', () => told.length === 8);
    expect(told.toSorted()).toEqual(
      names.filter((name) => name !== 'a/n4').map((name) => `${name} 1`),
    );
    expect(bugs).toEqual([]);
  });

  test('that fails with a bug is reported once and retried', async () => {
    await setTo('a/one', 1);
    trouble = () => {
      throw new TypeError('a bug, made by the test');
    };
    const { told } = subscribe(watchOn(), 'a/one');
    for (let n = 0; n < 3; n++) await passOne();
    expect(bugs).toHaveLength(1);
    trouble = undefined;
    await passOne();
    expect(told).toEqual(['a/one 1']);
  });
});

test('whatever happens, each subscriber ends with the true total, and never gets the same one twice in a row', async () => {
  const counters = ['a/one', 'a/two', 'a/three'];
  const step = fc.record({
    counter: fc.constantFrom(...counters),
    what: fc.constantFrom('set', 'delete', 'come', 'leave', 'away', 'back', 'wait'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      clock = new ManualClock();
      store = createMemoryStore();
      trouble = undefined;
      const watch = watchOn();
      const all: { counter: string; told: string[]; end: () => void; here: boolean }[] = [];
      let total = 0;
      for (const { counter, what } of steps) {
        if (what === 'set') await setTo(counter, ++total);
        if (what === 'delete') await store.registry.delete([counter]);
        if (what === 'come') all.push({ counter, ...subscribe(watch, counter), here: true });
        const leaving = what === 'leave' ? all.find(({ here }) => here) : undefined;
        if (leaving) Object.assign(leaving, { here: false }).end();
        if (what === 'away') {
          trouble = () => {
            throw new AppError('store-unavailable', 'away, by the test');
          };
        }
        if (what === 'back') trouble = undefined;
        if (what === 'wait') await passOne();
      }
      trouble = undefined;
      await passOne();
      await passOne();
      for (const { counter, told, here } of all) {
        told.forEach((word, index) => expect(word).not.toBe(told[index - 1] ?? ''));
        const [now] = await store.counting.read([counter]);
        if (here) expect(told.at(-1) ?? `${counter} gone`).toBe(`${counter} ${now ?? 'gone'}`);
      }
      for (const { end } of all) end();
      await passOne();
    }),
    { numRuns: 60 },
  );
});
