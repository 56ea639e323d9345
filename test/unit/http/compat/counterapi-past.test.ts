/** The history as counterapi.dev shows it: a list by period, and statistics. */
import { describe, expect, test } from 'bun:test';
import {
  type CounterHistory,
  DAY_MS,
  type HistoryEntry,
  HOUR_MS,
} from '../../../../src/contract/history.ts';
import { GROUPS, listBy, statsAt } from '../../../../src/http/compat/counterapi/past.ts';

const hour = (time: string, amount: number, kind: HistoryEntry['kind'] = 'person') => ({
  at: Date.parse(`${time}:00:00Z`) / HOUR_MS,
  kind,
  amount,
});
const day = (date: string, amount: number) => ({
  at: Date.parse(date) / DAY_MS,
  kind: 'person' as const,
  amount,
});

/** 2026-11-29 is a Sunday. */
const NOW = Date.parse('2026-11-29T13:30:00Z');
const PAST: CounterHistory = {
  hours: [
    hour('2026-11-29T13', 2),
    hour('2026-11-29T13', 3, 'program'),
    hour('2026-11-29T00', 1),
    hour('2026-11-23T23', 10),
    hour('2026-11-22T23', 100),
  ],
  days: [day('2026-10-01', 1000), day('2025-12-31', 2000), day('2026-01-01', 4000)],
  visitors: new Map(),
};
const NOTHING: CounterHistory = { hours: [], days: [], visitors: new Map() };

describe('the list', () => {
  test('has what was added in each period, by the beginning of the period in UTC', () => {
    for (const [group, expected] of [
      [
        'hour',
        [
          ['2026-11-22T23:00:00Z', 100],
          ['2026-11-23T23:00:00Z', 10],
          ['2026-11-29T00:00:00Z', 1],
          ['2026-11-29T13:00:00Z', 5],
        ],
      ],
      [
        'day',
        [
          ['2025-12-31T00:00:00Z', 2000],
          ['2026-01-01T00:00:00Z', 4000],
          ['2026-10-01T00:00:00Z', 1000],
          ['2026-11-22T00:00:00Z', 100],
          ['2026-11-23T00:00:00Z', 10],
          ['2026-11-29T00:00:00Z', 6],
        ],
      ],
      [
        'week',
        [
          ['2025-12-29T00:00:00Z', 6000],
          ['2026-09-28T00:00:00Z', 1000],
          ['2026-11-16T00:00:00Z', 100],
          ['2026-11-23T00:00:00Z', 16],
        ],
      ],
      [
        'month',
        [
          ['2025-12-01T00:00:00Z', 2000],
          ['2026-01-01T00:00:00Z', 4000],
          ['2026-10-01T00:00:00Z', 1000],
          ['2026-11-01T00:00:00Z', 116],
        ],
      ],
      [
        'year',
        [
          ['2025-01-01T00:00:00Z', 2000],
          ['2026-01-01T00:00:00Z', 5116],
        ],
      ],
    ] as const) {
      const wanted = expected.map(([date, count]) => ({ count, date: date as string }));
      expect(listBy(PAST, group, false)).toEqual(wanted);
      expect(listBy(PAST, group, true)).toEqual(wanted.toReversed());
    }
    for (const group of GROUPS) expect(listBy(NOTHING, group, false)).toEqual([]);
  });

  test('has at most 1,000 periods, the first ones in its order', () => {
    const days = Array.from({ length: 1500 }, (_, at) => ({
      at,
      kind: 'person' as const,
      amount: at,
    }));
    const first = listBy({ ...NOTHING, days }, 'day', false);
    expect([first.length, first[0]?.count, first.at(-1)?.count]).toEqual([1000, 0, 999]);
    const last = listBy({ ...NOTHING, days }, 'day', true);
    expect([last.length, last[0]?.count, last.at(-1)?.count]).toEqual([1000, 1499, 500]);
  });
});

describe('the statistics', () => {
  test('are of today, this week, and all time', () => {
    const { today, this_week, temporal } = statsAt(PAST, NOW);
    expect(today).toEqual({ up: 6, down: 0 });
    expect(this_week).toEqual({ up: 16, down: 0 });
    const { hours, weekdays, quarters } = temporal;
    expect(Object.keys(hours).toSorted()).toEqual(
      Array.from({ length: 24 }, (_, index) => `${index}`.padStart(2, '0')),
    );
    expect(ups(hours)).toEqual({ '00': 1, '13': 5, '23': 110 });
    expect(Object.keys(weekdays)).toHaveLength(7);
    expect(ups(weekdays)).toEqual({ sunday: 106, monday: 10, wednesday: 2000, thursday: 5000 });
    expect(Object.keys(quarters)).toEqual(['q1', 'q2', 'q3', 'q4']);
    expect(ups(quarters)).toEqual({ q1: 4000, q4: 3116 });
  });

  test('show as down what was subtracted in all', () => {
    const { today, temporal } = statsAt(
      { ...NOTHING, hours: [hour('2026-11-29T13', 2), hour('2026-11-29T13', -5, 'program')] },
      NOW,
    );
    expect(today).toEqual({ up: 0, down: 3 });
    expect(temporal.quarters['q4']).toEqual({ up: 0, down: 3 });
    expect(temporal.quarters['q1']).toEqual({ up: 0, down: 0 });
  });
});

/** The periods with visits. */
function ups(amounts: Readonly<Record<string, { up: number; down: number }>>) {
  return Object.fromEntries(
    Object.entries(amounts).flatMap(([name, { up }]) => (up === 0 ? [] : [[name, up]])),
  );
}
