/** Counting in a store that is divided into shards. */
import { expect, test } from 'bun:test';
import type { Batch } from '../../../src/contract/counting.ts';
import { AppError, isAppError } from '../../../src/counter/errors.ts';
import { createCounter } from '../../../src/counter/sharded-counter.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { createMemoryStore } from '../../support/memory-store/store.ts';

/** A counter on a store with two shards: names with an "a" are in the first. */
function setUp() {
  const { counting } = createMemoryStore();
  const clock = new ManualClock();
  const committed = [0, 0];
  const gates: (Promise<unknown> | undefined)[] = [];
  let writers = 0;
  const counter = createCounter({
    counting: {
      division: { shards: 2, shardOf: (name) => (name.includes('a') ? 0 : 1) },
      commit: async (batch: Batch) => {
        await gates[batch.shard ?? 0];
        return counting.commit(batch);
      },
      read: (names) => counting.read(names),
    },
    clock,
    newWriter: () => `writer-${++writers}`,
    waitMs: 1000,
    waitingMax: 4,
    observerOf: (shard) => ({
      committed: () => void committed[shard]!++,
      retrying: () => undefined,
      late: () => undefined,
      broke: () => undefined,
      writerForgotten: () => undefined,
    }),
  });
  return { counter, counting, committed, gates, clock };
}

test('a hit is stored in the shard of its counter, and each shard has its own writer and numbers', async () => {
  const { counter, counting, committed } = setUp();
  for (const [number, name] of ['a', 'b', 'a', 'a'].entries())
    expect(await counter.hit(name)).toBe([1, 1, 2, 3][number] ?? 0);
  expect(counting.asked.map(({ shard, writer, sequence }) => [shard, writer, sequence])).toEqual([
    [0, 'writer-1', 1],
    [1, 'writer-2', 1],
    [0, 'writer-1', 2],
    [0, 'writer-1', 3],
  ]);
  expect(committed).toEqual([3, 1]);
  expect(await counter.read(['a', 'b', 'c'])).toEqual([3, 1, undefined]);
});

test('a shard that does not answer delays no other, and all together hold as many hits as the limit', async () => {
  const { counter, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates[0] = gate.promise;
  const waiting = [counter.hit('a'), counter.hit('a')];
  await settle();
  expect(await counter.hit('b')).toBe(1);
  expect(counter.waiting).toBe(2);
  gates[1] = gate.promise;
  waiting.push(counter.hit('b'), counter.hit('b'));
  const refused = await counter.hit('b').catch((error: unknown) => error);
  expect(isAppError(refused, 'waiting-full')).toBe(true);
  gate.resolve();
  expect(await Promise.all(waiting)).toEqual([1, 2, 2, 3]);
});

test('a shard that fails holds only its part of the limit', async () => {
  const { counter, gates, clock } = setUp();
  const failure = Promise.reject(new AppError('store-unavailable', 'away'));
  failure.catch(() => undefined);
  gates[0] = failure;
  const waiting = [counter.hit('a'), counter.hit('a')];
  await settle();
  const refused = await counter.hit('a').catch((error: unknown) => error);
  expect(isAppError(refused, 'waiting-full')).toBe(true);
  expect(await counter.hit('b')).toBe(1);
  gates[0] = undefined;
  await clock.pass(500);
  expect(await Promise.all(waiting)).toEqual([1, 2]);
  const more = [counter.hit('a'), counter.hit('a'), counter.hit('a')];
  expect(await Promise.all(more)).toEqual([3, 4, 5]);
});

test('a probe asks each shard, and a drain waits for all', async () => {
  const { counter, counting, committed, gates } = setUp();
  counter.probe();
  await settle();
  expect(counting.asked.map(({ shard, changes }) => [shard, changes])).toEqual([
    [0, []],
    [1, []],
  ]);
  expect(committed).toEqual([1, 1]);
  const gate = Promise.withResolvers<void>();
  gates[1] = gate.promise;
  const hit = counter.hit('b');
  await settle();
  let drained = false;
  const drain = counter.drain().then(() => {
    drained = true;
  });
  await settle();
  expect(drained).toBe(false);
  gate.resolve();
  await drain;
  expect(await hit).toBe(1);
});
