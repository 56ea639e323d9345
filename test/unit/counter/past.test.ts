/** The history in periods: hours, days and months of a time zone. */
import { describe, expect, test } from 'bun:test';
import { type CounterHistory, DAY_MS, HOUR_MS } from '../../../src/contract/history.ts';
import { inPeriods, LATEST_PERIODS, latestPeriods } from '../../../src/counter/periods.ts';

const hourOf = (iso: string) => Date.parse(`${iso}:00Z`) / HOUR_MS;
const dayOf = (iso: string) => Date.parse(iso) / DAY_MS;
const none = { person: 0, program: 0, proxy: 0, bot: 0 };

const past: CounterHistory = {
  hours: [
    { at: hourOf('2026-11-22T23:00'), kind: 'person', amount: 2 },
    { at: hourOf('2026-11-22T22:00'), kind: 'bot', amount: 1 },
    { at: hourOf('2026-11-30T23:00'), kind: 'program', amount: 5 },
  ],
  days: [
    { at: dayOf('2026-10-31'), kind: 'person', amount: 7 },
    { at: dayOf('2026-10-01'), kind: 'person', amount: 1 },
  ],
  visitors: new Map([
    [dayOf('2026-10-31'), 4],
    [dayOf('2026-11-22'), 3],
    [dayOf('2026-11-23'), 2],
  ]),
};

test('the history by hour reaches back as far as hours are kept', () => {
  expect(inPeriods(past, 'hour', 'UTC')).toEqual([
    { time: '2026-11-22T22', amounts: { ...none, bot: 1 }, visitors: undefined },
    { time: '2026-11-22T23', amounts: { ...none, person: 2 }, visitors: undefined },
    { time: '2026-11-30T23', amounts: { ...none, program: 5 }, visitors: undefined },
  ]);
});

test('the history by day has days of the time zone', () => {
  const days = (zone: string) =>
    inPeriods(past, 'day', zone).map(({ time, amounts, visitors }) => [
      time,
      amounts.person + amounts.bot + amounts.program,
      visitors,
    ]);
  expect(days('UTC')).toEqual([
    ['2026-10-01', 1, 0],
    ['2026-10-31', 7, 4],
    ['2026-11-22', 3, 3],
    ['2026-11-23', 0, 2],
    ['2026-11-30', 5, 0],
  ]);
  expect(days('Europe/Berlin')).toEqual([
    ['2026-10-01', 1, 0],
    ['2026-10-31', 7, 4],
    ['2026-11-22', 1, 3],
    ['2026-11-23', 2, 2],
    ['2026-12-01', 5, 0],
  ]);
  expect(days('America/New_York').map(([time]) => time)).toEqual([
    '2026-10-01',
    '2026-10-31',
    '2026-11-22',
    '2026-11-23',
    '2026-11-30',
  ]);
});

test('the history by month adds up days', () => {
  expect(
    inPeriods(past, 'month', 'Asia/Tokyo').map(({ time, amounts, visitors }) => [
      time,
      amounts.person,
      visitors,
    ]),
  ).toEqual([
    ['2026-10', 8, 4],
    ['2026-11', 2, 5],
    ['2026-12', 0, 0],
  ]);
});

test('an unknown time zone is refused', () => {
  expect(() => inPeriods(past, 'day', 'Europe/Atlantis')).toThrow(RangeError);
});

describe('the latest periods', () => {
  const NOW = Date.parse('2026-12-01T00:30:00Z');
  const told = (step: 'hour' | 'day' | 'month', zone: string, now = NOW) =>
    latestPeriods(past, step, zone, now).map(({ time, amounts }) => [
      time,
      amounts.person + amounts.program,
    ]);

  test('are complete, including empty ones, up to now in the time zone', () => {
    const days = told('day', 'UTC');
    expect(days).toHaveLength(LATEST_PERIODS.day);
    expect([days[0], days.at(-2), days.at(-1)]).toEqual([
      ['2026-11-02', 0],
      ['2026-11-30', 5],
      ['2026-12-01', 0],
    ]);
    expect(told('day', 'America/New_York').at(-1)).toEqual(['2026-11-30', 5]);
    expect(told('month', 'UTC').slice(-3)).toEqual([
      ['2026-10', 8],
      ['2026-11', 7],
      ['2026-12', 0],
    ]);
    expect(told('month', 'UTC')[0]).toEqual(['2026-01', 0]);
    expect(told('hour', 'Asia/Tokyo').slice(-2)).toEqual([
      ['2026-12-01T08', 5],
      ['2026-12-01T09', 0],
    ]);
  });

  test('may be more than usual, also where only days are kept', () => {
    const days = latestPeriods(past, 'day', 'UTC', NOW, 60).map(({ time, amounts }) => [
      time,
      amounts.person + amounts.program,
    ]);
    expect(days).toHaveLength(60);
    expect([days[0], days[28], days.at(-2)]).toEqual([
      ['2026-10-03', 0],
      ['2026-10-31', 7],
      ['2026-11-30', 5],
    ]);
    expect(latestPeriods(past, 'day', 'UTC', NOW, 62)[0]).toMatchObject({
      time: '2026-10-01',
      amounts: { person: 1 },
    });
  });

  test('have no gaps or duplicates when clocks change for daylight saving time', () => {
    // 2026-03-29 02:00 in Berlin is 03:00, 2026-10-25 03:00 is 02:00.
    const forward = told('hour', 'Europe/Berlin', Date.parse('2026-03-29T02:00:00Z')).map(
      ([time]) => time,
    );
    expect(forward.slice(-4)).toEqual([
      '2026-03-29T00',
      '2026-03-29T01',
      '2026-03-29T03',
      '2026-03-29T04',
    ]);
    const back = told('hour', 'Europe/Berlin', Date.parse('2026-10-25T02:00:00Z')).map(
      ([time]) => time,
    );
    expect(back.slice(-3)).toEqual(['2026-10-25T01', '2026-10-25T02', '2026-10-25T03']);
    expect(new Set(back).size).toBe(back.length);
    expect(
      told('day', 'Europe/Berlin', Date.parse('2026-10-26T12:00:00Z'))
        .map(([day]) => day)
        .slice(-3),
    ).toEqual(['2026-10-24', '2026-10-25', '2026-10-26']);
  });
});
