/** Sorted pages of counters, on a store in memory. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DAY_MS } from '../../../src/contract/history.ts';
import { RULES } from '../../../src/contract/registry.ts';
import { type Cursor, type RankedQuery, rankedPage, SORTS } from '../../../src/counter/ranking.ts';
import { memoryDatabase } from '../../support/memory-store/database.ts';
import { createMemoryStore } from '../../support/memory-store/store.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const TODAY = Math.floor(NOON / DAY_MS);
const NEVER = new AbortController().signal;
const QUERY: RankedQuery = {
  search: '',
  sort: 'total',
  descending: true,
  after: undefined,
  days: 0,
  today: TODAY,
  limit: 100,
};

interface Made {
  readonly total: number;
  readonly madeAt: number | undefined;
  readonly today: number;
}

/** A store with these counters, called `many/page-0` and so on. */
async function storeWith(counters: readonly Made[]) {
  const store = createMemoryStore(memoryDatabase({ now: () => NOON }));
  const archived = counters.map(({ total, madeAt, today }, index) => ({
    counter: `many/page-${index}`,
    total,
    madeAt,
    owner: undefined,
    rules: RULES,
    past: {
      hours: [{ at: TODAY * 24, kind: 'person' as const, amount: today }],
      days: [],
      visitors: new Map<number, number>(),
    },
  }));
  await store.archive.importAll(archived, { source: 'test', existing: 'keep' });
  return store;
}

describe('sorted pages', () => {
  test('have every counter once and in order, whatever the values and the size of a page', async () => {
    const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.maxSafeInteger());
    const counter = fc.record({
      total: value,
      madeAt: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
      today: value,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(counter, { maxLength: 30 }),
        fc.constantFrom(...SORTS),
        fc.boolean(),
        fc.integer({ min: 1, max: 12 }),
        async (counters, sort, descending, limit) => {
          const store = await storeWith(counters);
          const found: string[] = [];
          let after: Cursor | undefined;
          do {
            const page = await rankedPage(
              store,
              { ...QUERY, sort, descending, limit, after },
              NEVER,
            );
            found.push(...page.counters.map(({ description }) => description.counter));
            after = page.next;
          } while (after !== undefined);
          const sign = descending ? -1 : 1;
          const named = counters.map(({ total, madeAt, today }, index) => ({
            name: `many/page-${index}`,
            value: { total, today, created: madeAt ?? Number.NEGATIVE_INFINITY, name: 0 }[sort],
          }));
          const byName = (a: string, b: string) => (a < b ? -1 : 1);
          const wanted = named.toSorted((a, b) => {
            if (a.value !== b.value) return a.value < b.value ? -sign : sign;
            return byName(a.name, b.name) * (sort === 'name' ? sign : 1);
          });
          expect(found).toEqual(wanted.map(({ name }) => name));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are read in small calls, between which other work is done', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => ({ total: n, madeAt: n, today: n % 7 }));
    const store = await storeWith(many);
    let [turns, longest, largest] = [0, 0, 0];
    const from = {
      registry: {
        list: (query: Parameters<typeof store.registry.list>[0]) => {
          longest = Math.max(longest, query.limit);
          return store.registry.list(query);
        },
      },
      history: {
        recent: (...args: Parameters<typeof store.history.recent>) => {
          const [names, first, last] = args;
          largest = Math.max(largest, names.length * Math.min(last - first + 1, 35));
          return store.history.recent(...args);
        },
      },
    };
    const done = new AbortController();
    const others = (async () => {
      while (!done.signal.aborted) {
        await Bun.sleep(0);
        turns++;
      }
    })();
    const page = await rankedPage(from, { ...QUERY, sort: 'today', days: 90 }, NEVER);
    done.abort();
    await others;
    expect(page.counters).toHaveLength(100);
    expect(longest).toBeLessThanOrEqual(500);
    expect(largest).toBeLessThanOrEqual(100);
    expect(turns).toBeGreaterThan(10);
  });

  test('are not read to the end when the client has left', async () => {
    const many = Array.from({ length: 3000 }, (_, n) => ({ total: n, madeAt: n, today: 0 }));
    const store = await storeWith(many);
    const stop = new AbortController();
    let calls = 0;
    const registry = {
      list: (query: Parameters<typeof store.registry.list>[0]) => {
        if (++calls === 3) stop.abort();
        return store.registry.list(query);
      },
    };
    await rankedPage({ registry, history: store.history }, QUERY, stop.signal);
    expect(calls).toBe(3);
  });
});
