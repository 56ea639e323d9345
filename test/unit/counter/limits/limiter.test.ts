/**
 * Limits at random times: checked against what they promise, not against another way to compute
 * them.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Limit } from '../../../../src/contract/limiter.ts';
import { shareOf, takeFrom, verdictOf } from '../../../../src/counter/limits/rate-limit.ts';

/** Who asks at these times, in order: whether each was given one, and what it was told. */
function ask(limit: Limit, timesMs: readonly number[]) {
  let fullAtUs: number | undefined;
  return timesMs.map((ms) => {
    const taken = takeFrom(limit, fullAtUs, ms * 1000, 1);
    fullAtUs = taken.fullAtUs;
    return { ms, ...verdictOf(limit, taken, ms * 1000) };
  });
}

const limits = fc.record({
  name: fc.constant('requests'),
  quota: fc.integer({ min: 1, max: 50 }),
  windowMs: fc.integer({ min: 1000, max: 100_000 }),
});
/** As milliseconds since 1970 are, which is where rounding would show. */
const times = fc
  .array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 })
  .map((pauses) => {
    let now = 1_795_000_000_000;
    return pauses.map((pause) => (now += pause));
  });

describe('a limit', () => {
  test('allows in no period more than the quota and what refills meanwhile', () => {
    fc.assert(
      fc.property(limits, times, (limit, timesMs) => {
        const given = ask(limit, timesMs).filter(({ allowed }) => allowed);
        const { oneUs } = shareOf(limit);
        for (let first = 0; first < given.length; first++) {
          for (let last = first; last < given.length; last++) {
            const back = Math.floor(((given[last]!.ms - given[first]!.ms) * 1000) / oneUs);
            expect(last - first + 1).toBeLessThanOrEqual(limit.quota + back);
          }
        }
      }),
    );
  });

  test('refuses nobody who used less than the quota within the window', () => {
    fc.assert(
      fc.property(limits, times, (limit, timesMs) => {
        const verdicts = ask(limit, timesMs);
        verdicts.forEach(({ ms, allowed }, index) => {
          const recent = verdicts
            .slice(0, index)
            .filter((other) => ms - other.ms < limit.windowMs);
          if (recent.length < limit.quota)
            expect({ index, allowed }).toEqual({ index, allowed: true });
        });
      }),
    );
  });

  test('reports correctly what is left and when the next one is available', () => {
    fc.assert(
      fc.property(limits, times, (limit, timesMs) => {
        const verdicts = ask(limit, timesMs);
        const last = verdicts.at(-1)!;
        const more = (ms: number, count: number) =>
          ask(limit, [...timesMs, ...Array.from({ length: count }, () => ms)])
            .slice(verdicts.length)
            .filter(({ allowed }) => allowed).length;
        expect(more(last.ms, limit.quota + 1)).toBe(last.remaining);
        expect(more(last.ms + last.nextMs, limit.quota + 1)).toBeGreaterThan(last.remaining);
        expect(more(last.ms + last.nextMs - 1, limit.quota + 1)).toBe(last.remaining);
      }),
    );
  });
});
