/** The judge: correct histories are never judged wrong, and each kind of error is found. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { NumberSet } from '../../../src/verify/checks.ts';
import type { Check, Finding } from '../../../src/verify/finding.ts';
import type { History, Operation } from '../../../src/verify/history.ts';
import { judgeHistory } from '../../../src/verify/judge-history.ts';

type Draft = { -readonly [K in keyof Operation]: Operation[K] };

const judged = (history: History): readonly Finding[] => judgeHistory(history).result.findings;

const broken = (history: History): Check[] =>
  judged(history)
    .filter(({ status }) => status === 'broken')
    .map(({ check }) => check);

/**
 * What a right counter gives: each operation takes effect at one instant between its start and its
 * end; one that fails has taken effect or not.
 */
const rightHistory: fc.Arbitrary<History & { operations: Draft[] }> = fc
  .record({
    before: fc.integer({ min: -5, max: 1_000_000 }),
    others: fc.boolean(),
    asked: fc.array(
      fc.record({
        type: fc.constantFrom('hit', 'hit', 'hit', 'read'),
        connection: fc.integer({ min: 1, max: 5 }),
        wait: fc.integer({ min: 0, max: 3 }),
        early: fc.integer({ min: 0, max: 5 }),
        late: fc.integer({ min: 0, max: 5 }),
        fate: fc.constantFrom(
          'answered',
          'answered',
          'answered',
          'lost on its way',
          'lost on its way back',
        ),
        otherVisits: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 3, maxLength: 60 },
    ),
  })
  .map(({ before, others, asked }) => {
    let total = before;
    let now = 100;
    const operations: Draft[] = [];
    // When each connection is free again: no two operations at once on one.
    const freeAt = new Map<number, number>();
    for (const { type, connection, wait, early, late, fate, otherVisits } of asked) {
      now = Math.max(now + wait, (freeAt.get(connection) ?? 0) + 1);
      if (others) total += otherVisits;
      const counts = type === 'hit' && fate !== 'lost on its way';
      if (counts) total++;
      const start = Math.max(now - early, (freeAt.get(connection) ?? -1) + 1);
      const end = now + late;
      freeAt.set(connection, end);
      operations.push(
        fate === 'answered'
          ? { type, connection, start, end, number: total }
          : { type, connection, start, end, failure: 'reset' },
      );
    }
    return { before, after: total + 1, others, operations };
  });

const answered = (history: { operations: Draft[] }) =>
  history.operations.filter(({ type, number }) => type === 'hit' && number !== undefined);

describe('a correct history', () => {
  test('is never judged wrong', () => {
    fc.assert(
      fc.property(rightHistory, (history) => {
        const failed = history.operations.some(({ failure }) => failure);
        expect(broken(history)).toEqual(failed ? ['answered'] : []);
      }),
      { numRuns: 500 },
    );
  });

  test('with other visitors is reported as such, with nothing lost', () => {
    const operations: Operation[] = [{ type: 'hit', connection: 1, start: 0, end: 1, number: 7 }];
    const [, bounds] = judged({ before: 5, after: 20, others: true, operations });
    expect(bounds).toMatchObject({
      check: 'bounds',
      status: 'untested',
      words: expect.stringContaining('others'),
    });
  });
});

test('more counts than visits may be somebody else’s, unless nobody else visits', () => {
  const operations: Operation[] = [{ type: 'hit', connection: 1, start: 0, end: 1, number: 6 }];
  const words = (alone: boolean) =>
    judged({ before: 5, after: 8, others: false, alone, operations })[1]?.words;
  expect(words(false)).toMatch(/2 are counted\..* somebody else visited\..* --counter/);
  expect(words(true)).toEndWith('2 are counted');
});

/**
 * What a right counter gives to clients that repeat a visit under its key until they have their
 * number: the first request that arrives counts, and all that are answered are answered the same.
 * Clients take turns on one clock, so that visits overlap.
 */
const rightRepeats: fc.Arbitrary<History & { operations: Draft[] }> = fc
  .array(
    fc.record({
      client: fc.integer({ min: 1, max: 4 }),
      tries: fc.array(fc.constantFrom('lost on its way', 'lost on its way back'), {
        maxLength: 3,
      }),
      answered: fc.boolean(),
      again: fc.boolean(),
      took: fc.integer({ min: 1, max: 5 }),
    }),
    { minLength: 3, maxLength: 30 },
  )
  .chain((visits) => fc.record({ visits: fc.constant(visits), before: fc.constantFrom(-3, 0, 5) }))
  .map(({ visits, before }) => {
    let total = before;
    const freeAt = new Map<number, number>();
    const requests = visits.flatMap(({ client, tries, answered: end, again, took }, index) => {
      const fates = [
        ...tries,
        ...(end ? ['answered' as const] : []),
        ...(end && again ? ['answered' as const] : []),
      ];
      return fates.map((fate) => {
        const start = (freeAt.get(client) ?? index) + 1;
        freeAt.set(client, start + took);
        return {
          fate,
          key: `visit ${index}`,
          connection: client,
          start,
          end: start + took,
          at: start + took / 2,
        };
      });
    });
    const numbers = new Map<string, number>();
    for (const { fate, key } of requests.toSorted((a, b) => a.at - b.at)) {
      if (fate !== 'lost on its way' && !numbers.has(key)) numbers.set(key, ++total);
    }
    const operations: Draft[] = requests.map(({ fate, key, connection, start, end }) => {
      const operation = { type: 'hit' as const, connection, key, start, end };
      return fate === 'answered'
        ? { ...operation, number: numbers.get(key) }
        : { ...operation, failure: 'reset' };
    });
    return { before, after: total + 1, others: false, operations };
  });

const repeatedAndAnswered = ({ operations }: History) =>
  operations.filter(
    ({ key, number }, index) =>
      number !== undefined && operations.slice(0, index).some((other) => other.key === key),
  );

describe('visits that are repeated with their keys', () => {
  test('are never judged wrong when they are correct', () => {
    fc.assert(
      fc.property(rightRepeats, (history) => {
        const keys = new Set(history.operations.map(({ key }) => key));
        const got = new Set(
          history.operations.flatMap(({ key, number }) => (number === undefined ? [] : key)),
        );
        expect(broken(history)).toEqual(got.size < keys.size ? ['answered'] : []);
      }),
      { numRuns: 500 },
    );
  });

  test('one that got another number than before is an error', () => {
    let spoilt = 0;
    fc.assert(
      fc.property(rightRepeats, (history) => {
        const twice = history.operations.find(({ key, number }, index) =>
          history.operations.some(
            (other, later) =>
              later > index &&
              number !== undefined &&
              other.key === key &&
              other.number !== undefined,
          ),
        );
        fc.pre(twice?.number !== undefined);
        spoilt++;
        const spoiltHistory = {
          ...history,
          after: (history.after ?? 0) + 1,
          operations: history.operations.map((operation) =>
            operation !== twice && operation.key === twice?.key && operation.number !== undefined
              ? { ...operation, number: history.after }
              : operation,
          ),
        };
        expect(broken(spoiltHistory)).toContain('repeats');
      }),
      { numRuns: 200 },
    );
    expect(spoilt).toBeGreaterThan(100);
  });

  test('one that was counted twice shows in the total', () => {
    let spoilt = 0;
    fc.assert(
      fc.property(rightRepeats, (history) => {
        const keys = new Set(history.operations.map(({ key }) => key));
        const got = new Set(
          history.operations.flatMap(({ key, number }) => (number === undefined ? [] : key)),
        );
        fc.pre(repeatedAndAnswered(history).length > 0 && got.size === keys.size);
        spoilt++;
        expect(broken({ ...history, after: (history.after ?? 0) + 1 })).toContain('bounds');
      }),
      { numRuns: 100 },
    );
    expect(spoilt).toBe(100);
  });

  test('a read that failed and was repeated is judged by the time of the repeat', () => {
    const operations: Operation[] = [
      { type: 'read', connection: 1, key: 'r', start: 0, end: 1, failure: 'reset' },
      { type: 'hit', connection: 2, start: 2, end: 3, number: 6 },
      { type: 'hit', connection: 2, start: 4, end: 5, number: 7 },
      { type: 'read', connection: 3, key: 'r', start: 6, end: 7, number: 6 },
    ];
    expect(broken({ before: 5, after: 8, others: false, operations })).toEqual(['reads']);
  });

  test('a visit that was answered first and not when repeated is reported', () => {
    const operations: Operation[] = [
      { type: 'hit', connection: 1, key: 'k', start: 0, end: 1, number: 6 },
      { type: 'hit', connection: 1, key: 'k', start: 2, end: 3, failure: 'status 500' },
    ];
    expect(judged({ before: 5, after: 7, others: false, operations }).at(-1)).toMatchObject({
      check: 'answered',
      status: 'broken',
      words: '1 again: status 500',
    });
  });

  test('without a second answer repeats are reported as untested', () => {
    const operations: Operation[] = [
      { type: 'hit', connection: 1, key: 'k', start: 0, end: 1, failure: 'reset' },
      { type: 'hit', connection: 1, key: 'k', start: 2, end: 3, number: 6 },
    ];
    expect(judged({ before: 5, after: 7, others: false, operations })).toContainEqual({
      check: 'repeats',
      status: 'untested',
      count: 0,
      words: 'no visit was answered twice',
    });
  });
});

describe('the judge finds', () => {
  /** Puts a fault into right histories, and expects it to be found. */
  function expectFound(
    check: Check,
    spoil: (history: History & { operations: Draft[] }) => History | undefined,
  ): void {
    let spoilt = 0;
    fc.assert(
      fc.property(rightHistory, (right) => {
        const history = spoil(structuredClone(right));
        fc.pre(history !== undefined);
        spoilt++;
        expect(broken(history)).toContain(check);
      }),
      { numRuns: 300 },
    );
    expect(spoilt).toBeGreaterThan(100);
  }

  test('a number given out twice', () => {
    expectFound('unique', (history) => {
      const [first, second] = answered(history);
      if (!first || !second) return undefined;
      second.number = first.number;
      return history;
    });
  });

  test('an answered visit that the counter has lost', () => {
    expectFound('bounds', (history) => {
      const got = answered(history);
      if (got.length === 0) return undefined;
      return { ...history, after: history.before + got.length };
    });
  });

  test('a visit counted twice, where nobody else visits', () => {
    expectFound('bounds', (history) => {
      const hits = history.operations.filter(({ type }) => type === 'hit').length;
      return history.others ? undefined : { ...history, after: history.before + hits + 2 };
    });
  });

  test('a number from before the beginning, and one from after the end', () => {
    expectFound('bounds', (history) => {
      const [first] = answered(history);
      if (!first) return undefined;
      first.number = history.before;
      return history;
    });
    expectFound('bounds', (history) => {
      const last = answered(history).at(-1);
      if (!last) return undefined;
      last.number = history.after;
      return history;
    });
  });

  test('numbers that go backwards in time', () => {
    expectFound('order', (history) => {
      const got = answered(history);
      const early = got[0];
      const late = early && got.find(({ start }) => start > early.end);
      if (!late) return undefined;
      [early.number, late.number] = [late.number, early.number];
      return history;
    });
  });

  test('numbers that go backwards on one connection', () => {
    expectFound('connection', (history) => {
      const got = answered(history);
      const early = got.find(({ connection }, at) =>
        got.slice(at + 1).some((other) => other.connection === connection),
      );
      const late =
        early && got.find((other) => other !== early && other.connection === early.connection);
      if (!late) return undefined;
      [early.number, late.number] = [late.number, early.number];
      return history;
    });
  });

  test('a read that goes back', () => {
    expectFound('reads', (history) => {
      const [first] = answered(history);
      if (!first) return undefined;
      history.operations.push({
        type: 'read',
        connection: 99,
        start: first.end + 1,
        end: first.end + 2,
        number: (first.number ?? 0) - 1,
      });
      return history;
    });
  });

  test('a visit that failed, by kind', () => {
    const operations: Operation[] = [
      { type: 'hit', connection: 1, start: 0, end: 1, number: 6 },
      { type: 'hit', connection: 1, start: 2, end: 3, failure: 'reset' },
      { type: 'hit', connection: 2, start: 2, end: 3, failure: 'status 503' },
      { type: 'hit', connection: 1, start: 4, end: 5, failure: 'reset' },
      { type: 'read', connection: 3, start: 4, end: 5, failure: 'status 503' },
    ];
    expect(judged({ before: 5, after: 7, others: false, operations }).at(-1)).toEqual({
      check: 'answered',
      status: 'broken',
      count: 4,
      words: '2 reset, 1 status 503, 1 read: status 503',
    });
  });
});

test('what was not tested is not reported as passed', () => {
  const statuses = judged({ before: 5, after: 6, others: false, operations: [] }).map(
    ({ check, status }) => [check, status],
  );
  expect(Object.fromEntries(statuses)).toEqual({
    unique: 'untested',
    bounds: 'held',
    order: 'untested',
    connection: 'untested',
    reads: 'untested',
    answered: 'untested',
  });
  expect(judged({ before: 5, others: false, operations: [] })[1]).toMatchObject({
    status: 'untested',
  });
});

test('the set of numbers works for close and for distant numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: -70_000, max: 140_000 }), fc.maxSafeInteger())),
      (numbers) => {
        const [ours, theirs] = [new NumberSet(), new Set<number>()];
        for (const number of numbers) {
          expect(ours.add(number)).toBe(!theirs.has(number));
          theirs.add(number);
        }
        expect(ours.size).toBe(theirs.size);
      },
    ),
  );
});
