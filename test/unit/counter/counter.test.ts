/** Group commit: the answers of hits, the batches that the store gets, and their times. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BATCH_CHANGES_MAX } from '../../../src/counter/batch.ts';
import { Counter, type CounterOptions } from '../../../src/counter/counter.ts';
import { isAppError } from '../../../src/counter/errors.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store/store.ts';

function setUp(options: Partial<CounterOptions> = {}) {
  const store = createMemoryStore();
  const clock = new ManualClock();
  const seen = { committed: 0, retrying: 0, late: 0, broke: 0, writerForgotten: 0 };
  let writers = 0;
  const counter = new Counter({
    counting: store.counting,
    clock,
    newWriter: () => `writer-${++writers}`,
    waitMs: 1000,
    waitingMax: 100,
    observer: {
      committed: () => seen.committed++,
      retrying: () => seen.retrying++,
      late: () => seen.late++,
      broke: () => seen.broke++,
      writerForgotten: () => seen.writerForgotten++,
    },
    ...options,
  });
  return { store, clock, counter, seen };
}

/** A gate for a batch: the store holds it until the gate is opened. */
function gate() {
  return Promise.withResolvers<void>();
}

async function outcome(hit: Promise<number | null>): Promise<number | string | null> {
  return hit.catch((error: unknown) => (isAppError(error) ? error.code : String(error)));
}

const changesOf = ({ counting }: MemoryStore) => counting.asked.map(({ changes }) => changes);

describe('group commit', () => {
  test('an idle counter writes at once, a busy one gathers the hits that arrive meanwhile', async () => {
    const { store, counter } = setUp();
    const first = gate();
    store.counting.steps.push(first.promise);
    const hits = [counter.hit('hits')];
    await settle();
    expect(store.counting.asked).toHaveLength(1);
    for (let n = 0; n < 9; n++) hits.push(counter.hit('hits'));
    await settle();
    expect(store.counting.asked).toHaveLength(1);
    first.resolve();
    expect(await Promise.all(hits)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(changesOf(store)).toEqual([
      [{ counter: 'hits', amount: 1 }],
      [{ counter: 'hits', amount: 9 }],
    ]);
  });

  test('a batch gathers for as long as each turn of the event loop brings hits', async () => {
    const { store, counter } = setUp();
    const hits = [counter.hit('hits')];
    for (let n = 0; n < 5; n++) {
      hits.push(counter.hit('hits'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(hits)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(store.counting.asked).toHaveLength(1);
  });

  test('a batch waits one more turn for hits, and no longer', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const { store, counter } = setUp();
    const first = counter.hit('hits');
    await turn();
    const second = counter.hit('hits');
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(store.counting.asked).toHaveLength(1);
    const third = counter.hit('hits');
    await turn();
    await turn();
    expect(await Promise.all([third, counter.hit('hits')])).toEqual([3, 4]);
    expect(store.counting.asked).toHaveLength(3);
  });

  test('hits that arrive while other processes write join the batch', async () => {
    const { store, counter } = setUp();
    const others = gate();
    Object.assign(store.counting, { waitForTurn: () => others.promise });
    const hits = [counter.hit('hits')];
    await settle();
    hits.push(counter.hit('hits'), counter.hit('hits'));
    await settle();
    expect(store.counting.asked).toHaveLength(0);
    others.resolve();
    expect(await Promise.all(hits)).toEqual([1, 2, 3]);
    expect(store.counting.asked).toHaveLength(1);
  });

  test('a batch gathers hits for at most a millisecond', async () => {
    const { store, clock, counter } = setUp();
    const hits = [counter.hit('hits')];
    for (let n = 0; n < 20; n++) {
      hits.push(counter.hit('hits'));
      clock.jump(0.3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(hits)).toHaveLength(21);
    expect(store.counting.asked.length).toBeGreaterThan(1);
  });

  test('hits that wait too long while a batch gathers are not counted, and no empty batch is written', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1 });
    const hit = outcome(counter.hit('hits'));
    clock.jump(1);
    expect(await hit).toBe('store-unavailable');
    await settle();
    expect(store.counting.asked).toHaveLength(0);
    expect(await counter.hit('hits')).toBe(1);
  });

  test('hits that arrive together share a batch, whatever their counters, and each counter has its own numbers', async () => {
    const { store, counter } = setUp();
    const hits = ['a', 'a', 'b', 'a', 'c', 'b'].map((name) => counter.hit(name));
    expect(await Promise.all(hits)).toEqual([1, 2, 1, 3, 1, 2]);
    expect(store.counting.asked).toHaveLength(1);
  });

  test('nothing is answered before it is stored', async () => {
    const { store, counter } = setUp();
    const held = gate();
    store.counting.steps.push(held.promise);
    let answered = false;
    const hit = counter.hit('hits').then((total) => {
      answered = true;
      expect(store.counting.asked).toHaveLength(1);
      return total;
    });
    await settle();
    expect(answered).toBe(false);
    held.resolve();
    expect(await hit).toBe(1);
  });

  test('a batch takes no more counters than the limit, and the rest follows in the next', async () => {
    const { store, counter } = setUp({ waitingMax: 10_000 });
    const first = gate();
    store.counting.steps.push(first.promise);
    const hits = [counter.hit('first')];
    await settle();
    for (let n = 0; n <= BATCH_CHANGES_MAX; n++) hits.push(counter.hit(`c${n}`));
    first.resolve();
    await Promise.all(hits);
    expect(changesOf(store).map((changes) => changes.length)).toEqual([1, BATCH_CHANGES_MAX, 1]);
  });

  test('a hit with another amount than 1 gets the total right after it', async () => {
    const { store, counter } = setUp();
    const first = gate();
    store.counting.steps.push(first.promise);
    const hits = [
      counter.hit('a', { amount: 5 }),
      counter.hit('a', { amount: 2 }),
      counter.hit('a', { amount: 3 }),
      counter.hit('a', { amount: -4 }),
    ];
    first.resolve();
    expect(await Promise.all(hits)).toEqual([5, 7, 10, 6]);
    expect(() => counter.hit('a', { amount: 0 })).toThrow(RangeError);
    expect(() => counter.hit('a', { amount: 1.5 })).toThrow(RangeError);
    expect(() => counter.hit('a', { amount: 2 ** 53 })).toThrow(RangeError);
  });

  test('a counter at its maximum refuses, and other counters of the batch count', async () => {
    const { store, counter } = setUp();
    await counter.hit('full', { amount: Number.MAX_SAFE_INTEGER });
    const first = gate();
    store.counting.steps.push(first.promise);
    const hits = ['other', 'full', 'other'].map((name) => outcome(counter.hit(name)));
    first.resolve();
    expect(await Promise.all(hits)).toEqual([1, 'total-out-of-range', 2]);
  });

  test('a hit that must not make its counter fails if there is none, unless another hit of the batch makes it', async () => {
    const { counter } = setUp();
    const hit = (name: string, make?: boolean) => outcome(counter.hit(name, { make }));
    const hits = [hit('none', false), hit('made', false), hit('made'), hit('made', false)];
    expect(await Promise.all(hits)).toEqual(['counter-missing', 1, 2, 3]);
    expect(await hit('made', false)).toBe(4);
  });
});

describe('retries', () => {
  test('a lost batch is sent again exactly as it was, and new hits wait for the next one', async () => {
    const { store, clock, counter } = setUp();
    store.counting.steps.push('lose-after', 'lose-before', 'apply');
    const first = counter.hit('hits');
    await settle();
    const later = [counter.hit('hits'), counter.hit('more')];
    await clock.pass(200);
    expect(await first).toBe(1);
    expect(await Promise.all(later)).toEqual([2, 1]);
    const [one, two, three, four] = store.counting.asked;
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    expect(four?.sequence).toBe(2);
    expect(four?.changes).toEqual([
      { counter: 'hits', amount: 1 },
      { counter: 'more', amount: 1 },
    ]);
  });

  test('hits whose clients have left stay in their batch and count', async () => {
    const { store, clock, counter } = setUp();
    store.counting.steps.push('lose-before');
    void counter.hit('hits');
    void counter.hit('hits');
    await clock.pass(100);
    expect(await counter.read(['hits'])).toEqual([2]);
  });

  test('pauses between attempts grow up to a limit', async () => {
    const { store, clock, counter } = setUp({ waitMs: 100_000 });
    for (let n = 0; n < 20; n++) store.counting.steps.push('refuse');
    const hit = counter.hit('hits');
    await clock.pass(100);
    expect(store.counting.asked.length).toBeGreaterThan(2);
    await clock.pass(900);
    const soFar = store.counting.asked.length;
    await clock.pass(3750);
    expect(store.counting.asked.length - soFar).toBe(10);
    await clock.pass(10_000);
    expect(await hit).toBe(1);
  });

  test('when the store has forgotten the writer a new one sends the batch, once', async () => {
    const { store, counter, seen } = setUp();
    await counter.hit('hits');
    store.counting.steps.push('forget-writers');
    expect(await counter.hit('hits')).toBe(2);
    expect(await counter.hit('hits')).toBe(3);
    expect(store.counting.asked.map(({ writer, sequence }) => `${writer} ${sequence}`)).toEqual([
      'writer-1 1',
      'writer-1 2',
      'writer-2 1',
      'writer-2 2',
    ]);
    expect(seen.writerForgotten).toBe(1);
  });

  test('a batch that may already be stored is not sent by a new writer: its hits are unconfirmed', async () => {
    const { store, clock, counter } = setUp();
    await counter.hit('hits');
    store.counting.steps.push('lose-after', 'forget-writers');
    const lost = outcome(counter.hit('hits'));
    await clock.pass(100);
    expect(await lost).toBe('hit-unconfirmed');
    expect(await counter.hit('hits')).toBe(3);
    expect(await counter.read(['hits'])).toEqual([3]);
  });

  test('a bug in the store fails its batch and nothing after it', async () => {
    const { store, counter } = setUp();
    store.counting.steps.push('bug');
    expect(await outcome(counter.hit('hits'))).toContain('a bug');
    expect(await counter.hit('hits')).toBe(1);
  });
});

describe('limits', () => {
  test('each hit waits as long as it may from its own arrival, and no longer', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1000 });
    store.counting.steps.push(gate().promise);
    const underWay = outcome(counter.hit('hits'));
    await clock.pass(400);
    const waiting = outcome(counter.hit('hits'));
    await clock.pass(599);
    expect(await Promise.race([underWay, settle().then(() => 'waits')])).toBe('waits');
    await clock.pass(1);
    expect(await underWay).toBe('hit-unconfirmed');
    expect(await Promise.race([waiting, settle().then(() => 'waits')])).toBe('waits');
    await clock.pass(399);
    expect(await Promise.race([waiting, settle().then(() => 'waits')])).toBe('waits');
    await clock.pass(1);
    expect(await waiting).toBe('store-unavailable');
  });

  test('a hit that was reported as not counted is not counted when the store is back', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1000 });
    const held = gate();
    store.counting.steps.push(held.promise);
    const answers = [outcome(counter.hit('hits'))];
    await settle();
    answers.push(outcome(counter.hit('hits')), outcome(counter.hit('hits')));
    await clock.pass(1000);
    expect(await Promise.all(answers)).toEqual([
      'hit-unconfirmed',
      'store-unavailable',
      'store-unavailable',
    ]);
    held.resolve();
    await settle();
    expect(await counter.hit('hits')).toBe(2);
  });

  test('a batch for which no client waits any more is given up, and its number is not used for another', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1000 });
    for (let n = 0; n < 8; n++) store.counting.steps.push('lose-before');
    const given = outcome(counter.hit('hits'));
    await clock.pass(3000);
    expect(await given).toBe('hit-unconfirmed');
    store.counting.steps.length = 0;
    expect(await counter.hit('hits')).toBe(1);
    // An empty one takes it, so that what was given up is not applied when it arrives late.
    expect(store.counting.asked.at(-2)).toEqual({ writer: 'writer-1', sequence: 1, changes: [] });
    expect(store.counting.asked.at(-1)).toMatchObject({ writer: 'writer-1', sequence: 2 });
    const late = store.counting.asked[0];
    if (late)
      expect(await outcome(store.counting.commit(late) as never)).toBe('sequence-mismatch');
    expect(await counter.read(['hits'])).toEqual([1]);
  });

  test('a batch that was given up but arrives late counts once, and the next one continues after it', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1000 });
    store.counting.steps.push('lose-after');
    for (let n = 0; n < 8; n++) store.counting.steps.push('lose-before');
    const given = outcome(counter.hit('hits'));
    await clock.pass(2000);
    expect(await given).toBe('hit-unconfirmed');
    store.counting.steps.length = 0;
    await clock.pass(1000);
    expect(await counter.hit('hits')).toBe(2);
    expect(store.counting.asked.at(-1)).toMatchObject({ writer: 'writer-1', sequence: 2 });
  });

  test('after a batch was given up, hits that arrive while the store stays unavailable are certainly not counted', async () => {
    const { store, clock, counter, seen } = setUp({ waitMs: 1000 });
    for (let n = 0; n < 99; n++) store.counting.steps.push('lose-before');
    const given = outcome(counter.hit('hits'));
    await clock.pass(2000);
    const later = outcome(counter.hit('hits'));
    await clock.pass(2000);
    expect(seen.late).toBe(2);
    expect([await given, await later]).toEqual(['hit-unconfirmed', 'store-unavailable']);
  });

  test('the queue holds as many hits as the limit allows, and not one more', async () => {
    const { store, counter } = setUp({ waitingMax: 3 });
    const held = gate();
    store.counting.steps.push(held.promise);
    const hits = [1, 2, 3, 4].map(() => outcome(counter.hit('hits')));
    expect(counter.waiting).toBe(3);
    held.resolve();
    expect(await Promise.all(hits)).toEqual([1, 2, 3, 'waiting-full']);
    expect(counter.waiting).toBe(0);
    expect(await counter.hit('hits')).toBe(4);
  });

  test('the number of timers does not grow with the hits', async () => {
    const { clock, counter } = setUp();
    for (let n = 0; n < 50; n++) await counter.hit('hits');
    expect(clock.pending).toBe(1);
  });
});

describe('probes', () => {
  test('an empty batch is stored when no batch was since the last probe, and counts nothing', async () => {
    const { store, counter, seen } = setUp();
    counter.probe();
    await settle();
    expect(store.counting.asked).toEqual([{ writer: 'writer-1', sequence: 1, changes: [] }]);
    expect(seen.committed).toBe(1);
    await counter.hit('hits');
    counter.probe();
    await settle();
    expect(store.counting.asked).toHaveLength(2);
    counter.probe();
    await settle();
    expect(store.counting.asked.at(-1)).toEqual({ writer: 'writer-1', sequence: 3, changes: [] });
    expect(await counter.hit('hits')).toBe(2);
  });

  test('no probe is sent while a batch is in progress', async () => {
    const { store, counter } = setUp();
    const held = gate();
    store.counting.steps.push(held.promise);
    const hit = counter.hit('hits');
    await settle();
    counter.probe();
    held.resolve();
    expect(await hit).toBe(1);
    await settle();
    expect(store.counting.asked).toHaveLength(1);
  });

  test('a failed probe is repeated unchanged until the store is back, and hits that arrive meanwhile count then', async () => {
    const { store, clock, counter, seen } = setUp({ waitMs: 1000 });
    for (let n = 0; n < 20; n++) store.counting.steps.push(n % 2 === 0 ? 'refuse' : 'lose-after');
    counter.probe();
    await clock.pass(1000);
    expect(seen.retrying).toBeGreaterThan(3);
    const tooLate = outcome(counter.hit('hits'));
    await clock.pass(1500);
    expect(await tooLate).toBe('store-unavailable');
    const hit = counter.hit('hits');
    store.counting.steps.length = 0;
    await clock.pass(500);
    expect(await hit).toBe(1);
    const probes = store.counting.asked.slice(0, -1);
    expect(new Set(probes.map((batch) => JSON.stringify(batch))).size).toBe(1);
    expect(store.counting.asked.at(-1)).toMatchObject({ writer: 'writer-1', sequence: 2 });
  });

  test('a store that was emptied is detected once, also while nobody visits', async () => {
    const { store, counter, seen } = setUp();
    await counter.hit('hits');
    store.counting.forgetWriters();
    for (let n = 0; n < 4; n++) {
      counter.probe();
      await settle();
    }
    expect(seen.writerForgotten).toBe(1);
    expect(await counter.hit('hits')).toBe(2);
    expect(seen.writerForgotten).toBe(1);
  });

  test('a store that was emptied during an outage is detected, even when the batch in progress was given up', async () => {
    const { store, clock, counter, seen } = setUp({ waitMs: 1000 });
    await counter.hit('hits');
    for (let n = 0; n < 20; n++) store.counting.steps.push('lose-before');
    const given = outcome(counter.hit('hits'));
    await clock.pass(2500);
    expect(await given).toBe('hit-unconfirmed');
    store.counting.forgetWriters();
    store.counting.steps.length = 0;
    await clock.pass(1000);
    expect(seen.writerForgotten).toBe(1);
  });

  test('a bug in the store is reported, and the next probe is sent', async () => {
    const { store, counter, seen } = setUp();
    store.counting.steps.push('bug');
    counter.probe();
    await settle();
    expect(seen.broke).toBe(1);
    counter.probe();
    await settle();
    expect(seen.committed).toBe(1);
  });

  test('end with the counter', async () => {
    const { store, clock, counter } = setUp();
    for (let n = 0; n < 99; n++) store.counting.steps.push('refuse');
    counter.probe();
    await clock.pass(1000);
    await counter.drain();
    await clock.pass(1000);
    const asked = store.counting.asked.length;
    counter.probe();
    await clock.pass(5000);
    expect(store.counting.asked).toHaveLength(asked);
  });
});

describe('drain', () => {
  test('answers all earlier hits and refuses all later ones', async () => {
    const { store, counter } = setUp();
    const held = gate();
    store.counting.steps.push(held.promise);
    const hits = [counter.hit('hits'), counter.hit('hits')];
    let drained = false;
    const drain = counter.drain().then(() => {
      drained = true;
    });
    expect(await outcome(counter.hit('hits'))).toBe('draining');
    await settle();
    expect(drained).toBe(false);
    held.resolve();
    expect(await Promise.all(hits)).toEqual([1, 2]);
    await drain;
  });

  test('ends at once when nothing waits, and can be called twice', async () => {
    const { counter } = setUp();
    await Promise.all([counter.drain(), counter.drain()]);
    await counter.drain();
  });

  test('ends with the last deadline when the store stays unavailable', async () => {
    const { store, clock, counter } = setUp({ waitMs: 1000 });
    for (let n = 0; n < 99; n++) store.counting.steps.push('refuse');
    const hit = outcome(counter.hit('hits'));
    let drained = false;
    void counter.drain().then(() => {
      drained = true;
    });
    await clock.pass(999);
    expect(drained).toBe(false);
    await clock.pass(1);
    expect(drained).toBe(true);
    expect(await hit).toBe('hit-unconfirmed');
  });
});

describe('whatever happens', () => {
  test('numbers are unique and the total is between answered and requested hits, whatever the store loses', async () => {
    const step = fc.constantFrom('apply', 'lose-before', 'lose-after', 'refuse');
    const moves = fc.array(
      fc.oneof(
        fc.record({
          hit: fc.constantFrom('a', 'b', 'c'),
          key: fc.constantFrom(undefined, undefined, 'k', 'l'),
        }),
        fc.record({ step }),
        fc.record({ pass: fc.nat(700) }),
        fc.constant('forget' as const),
        fc.constant('probe' as const),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (script) => {
        const { store, clock, counter } = setUp({ waitMs: 1000, waitingMax: 10 });
        const asked: {
          name: string;
          key: string | undefined;
          answer: Promise<number | string | null>;
        }[] = [];
        for (const move of script) {
          // Only a writer that is silent is forgotten: a batch is not retried for as long as a
          // store remembers.
          if (move === 'forget') {
            if (counter.waiting === 0) store.counting.forgetWriters();
          } else if (move === 'probe') {
            counter.probe();
          } else if ('hit' in move) {
            // A key is its counter's own.
            const key = move.key && `${move.hit}-${move.key}`;
            const once = key === undefined ? undefined : { key, request: '1' };
            asked.push({ name: move.hit, key, answer: outcome(counter.hit(move.hit, { once })) });
          } else if ('step' in move) store.counting.steps.push(move.step);
          else await clock.pass(move.pass);
        }
        await clock.pass(10_000);
        const answers = await Promise.all(
          asked.map(async ({ name, key, answer }) => ({ name, key, answer: await answer })),
        );
        for (const name of ['a', 'b', 'c']) {
          const all = answers.filter((entry) => entry.name === name);
          // What was asked under one key is one hit, whose answer is any that it got.
          const own = [...Map.groupBy(all, ({ key }) => key ?? Symbol('alone')).values()].map(
            (same) => {
              const got = same.flatMap(({ answer }) => (typeof answer === 'number' ? answer : []));
              expect(new Set(got).size).toBeLessThanOrEqual(1);
              const asIfLost = same.some(({ answer }) => answer === 'hit-unconfirmed');
              return got[0] ?? (asIfLost ? 'hit-unconfirmed' : same[0]?.answer);
            },
          );
          const numbers = own.filter((answer) => typeof answer === 'number');
          const unconfirmed = own.filter((answer) => answer === 'hit-unconfirmed').length;
          const [total = 0] = await store.counting.read([name]);
          expect(new Set(numbers).size).toBe(numbers.length);
          expect(total).toBeGreaterThanOrEqual(numbers.length);
          expect(total).toBeLessThanOrEqual(numbers.length + unconfirmed);
        }
        // A number of a writer always stands for the same changes; an empty batch may take that of
        // one that is given up.
        const changes = new Map<string, string>();
        for (const { writer, sequence, changes: sent } of store.counting.asked) {
          if (sent.length === 0) continue;
          const id = `${writer} ${sequence}`;
          const before = changes.get(id);
          if (before !== undefined && !store.counting.refused.has(id))
            expect(JSON.stringify(sent)).toBe(before);
          changes.set(id, JSON.stringify(sent));
        }
      }),
      { numRuns: 500 },
    );
  });
});
