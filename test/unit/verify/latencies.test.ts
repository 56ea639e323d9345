/** Percentiles from bounded memory are correct within 5 %. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Latencies } from '../../../src/verify/latencies.ts';

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
