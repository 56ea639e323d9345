/** Gathering hits into changes. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { BATCH_CHANGES_MAX, gather } from '../../../src/counter/batch.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const one = (counter: string, amount = 1) => ({ counter, amount });

test('sums the hits on each counter, in the order of first hits', () => {
  expect(gather([one('a'), one('b', 2), one('a', 3)])).toEqual({
    taken: 3,
    changes: [one('a', 4), one('b', 2)],
    places: [0, 1, 0],
  });
});

test('a hit that moves a counter the other way begins a further change', () => {
  expect(
    gather([one('a', 5), one('b', -1), one('a', -5), one('a', -1), one('c'), one('a')]),
  ).toEqual({
    taken: 6,
    changes: [one('a', 5), one('b', -1), one('a', -6), one('c'), one('a')],
    places: [0, 1, 2, 2, 3, 4],
  });
});

test('a hit whose sum would not be exact begins a further change', () => {
  expect(gather([one('a', MAX - 1), one('a', 1)]).changes).toEqual([one('a', MAX)]);
  expect(gather([one('a', MAX), one('a', 1), one('b')]).changes).toEqual([
    one('a', MAX),
    one('a', 1),
    one('b'),
  ]);
});

test('takes as many counters as the limit allows, and not one more', () => {
  const hits = Array.from({ length: BATCH_CHANGES_MAX + 1 }, (_, index) => one(`c${index}`));
  expect(gather(hits.slice(0, -1)).taken).toBe(BATCH_CHANGES_MAX);
  expect(gather(hits).taken).toBe(BATCH_CHANGES_MAX);
  expect(gather([...hits.slice(0, -1), one('c0')]).taken).toBe(BATCH_CHANGES_MAX + 1);
});

test('hits with a key keep changes of their own', () => {
  const once = { key: 'k', request: '1' };
  const keyed = { ...one('a'), once };
  expect(gather([one('a'), keyed, one('a', 2), keyed, one('b')])).toEqual({
    taken: 5,
    changes: [one('a', 3), keyed, keyed, one('b')],
    places: [0, 1, 0, 2, 3],
  });
});

test('a change makes its counter if one of its hits may, and otherwise does not', () => {
  const barred = (counter: string) => ({ ...one(counter), make: false });
  expect(
    gather([barred('a'), barred('b'), one('b'), one('c'), barred('c'), barred('a')]).changes,
  ).toEqual([{ ...one('a', 2), make: false }, one('b', 2), one('c', 2)]);
});

test('all hits fit, nothing is lost, and all hits of a change have one sign', () => {
  const amount = fc
    .oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger())
    .filter((n) => n !== 0);
  const hits = fc.array(fc.record({ counter: fc.constantFrom('a', 'b', 'c'), amount }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(hits, (queue) => {
      const { taken, changes, places } = gather(queue);
      expect(taken).toBe(queue.length);
      expect(places).toHaveLength(taken);
      for (const [place, { counter, amount: sum }] of changes.entries()) {
        const own = queue.filter((_, index) => places[index] === place);
        expect(new Set(own.map((hit): string => hit.counter))).toEqual(new Set([counter]));
        expect(own.map((hit) => Math.sign(hit.amount))).toEqual(own.map(() => Math.sign(sum)));
        expect(own.reduce((total, hit) => total + hit.amount, 0)).toBe(sum);
        expect(Number.isSafeInteger(sum)).toBe(true);
      }
    }),
  );
});

test('hits without a visitor count as a program’s, also beside those of visitors', () => {
  const person = { ...one('a'), visitor: { kind: 'person', id: 'v' } as const };
  const expected = [{ counter: 'a', amount: 4, kinds: { program: 3, person: 1 } }];
  expect(gather([one('a', 2), person, one('a')]).changes).toMatchObject(expected);
  expect(gather([person, one('a', 3)]).changes).toMatchObject(expected);
});
