/**
 * The time line: which replicas came and went, and when. And percentiles from bounded
 * memory, which are correct within 5 %.
 */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { changes, Latencies, Tally } from '../../../src/verify/figures.ts';
import { markLine, picture, timeLine } from '../../../src/verify/screen.ts';

/** A minute in which `who` says who answers in a second; each of them ten times. */
function minute(who: (second: number) => readonly string[]): Tally {
  const tally = new Tally();
  for (let second = 0; second < 60; second++) {
    for (const name of who(second)) for (let n = 0; n < 10; n++) tally.answered(second, 1, name);
  }
  return tally;
}

test('an update is visible: which replicas came and went, each in its second', () => {
  const tally = minute((second) => [
    'a',
    second < 20 ? 'b v1' : 'b v2',
    second < 40 ? 'c v1' : 'c v2',
  ]);
  expect(changes(tally)).toEqual([
    { second: 19, name: 'b v1', what: 'went' },
    { second: 20, name: 'b v2', what: 'came' },
    { second: 39, name: 'c v1', what: 'went' },
    { second: 40, name: 'c v2', what: 'came' },
  ]);
  expect(markLine(tally.seconds, changes(tally))).toBe(`${' '.repeat(19)}-+${' '.repeat(18)}-+`);
});

test('a replica that was there at the beginning did not come, and one that was silent for a moment did not go', () => {
  expect(changes(minute((second) => (second === 59 ? ['a'] : ['a', 'b'])))).toEqual([]);
  expect(changes(minute((second) => (second > 20 && second < 30 ? ['a'] : ['a', 'b'])))).toEqual(
    [],
  );
});

test('the time line shows the last minute, and a second in which something failed as an ×', () => {
  const tally = minute((second) => (second === 30 ? [] : ['a']));
  tally.failed(30);
  tally.answered(60, 1, 'late');
  expect(timeLine(tally.seconds)).toBe(`${'█'.repeat(29)}×${'█'.repeat(29)}▁`);
  expect(markLine(tally.seconds, changes(tally))).toBe(`${' '.repeat(59)}+`);
});

test('at a low rate a replica that was not heard of before did not just come', () => {
  const tally = new Tally();
  for (let second = 0; second < 60; second++)
    tally.answered(second, 1, ['a', 'b', second < 6 ? 'a' : 'c'][second % 3]);
  expect(changes(tally)).toEqual([]);
});

test('the screen omits replicas that are gone, and names only the last changes', () => {
  const names = Array.from({ length: 20 }, (_, index) => `web.${index}`);
  const tally = minute((second) => [names[Math.floor(second / 3)] ?? '']);
  const lines = picture(
    {
      servedBy: tally.servedBy,
      seconds: tally.seconds,
      elapsedMs: 60_000,
      sendingMs: 60_000,
      answered: 600,
      failures: new Map(),
      tries: new Map([['reset', 2]]),
      compared: 0,
      latencies: tally.latencies,
    },
    0.5,
  );
  expect(lines.filter((line) => line.includes(' web.'))).toHaveLength(1 + 4);
  expect(lines).toContain(`     57 s  + web.19 answers`);
  expect(lines.join('\n')).toContain('sent again after: 2 reset');
  expect(lines.length).toBeLessThan(20);
});

test('a percentile is within 5 % of the true one, and never beyond the longest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), {
        minLength: 1,
        maxLength: 300,
      }),
      fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1),
      (times, share) => {
        const latencies = new Latencies();
        for (const ms of times) latencies.add(ms);
        const truth = times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? 0;
        expect(latencies.percentileMs(share)).toBeGreaterThanOrEqual(truth * 0.999_999);
        expect(latencies.percentileMs(share)).toBeLessThanOrEqual(truth * 1.050_001);
        expect(latencies.percentileMs(1)).toBeLessThanOrEqual(latencies.longestMs);
      },
    ),
  );
});

test('there is no percentile without latencies', () =>
  expect(new Latencies().percentileMs(0.99)).toBe(0));
