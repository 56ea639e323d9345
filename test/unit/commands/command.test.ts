/** The values of flags: the largest that is allowed, and the next one. */
import { expect, test } from 'bun:test';
import { duration, wholeNumberFlag } from '../../../src/commands/command.ts';

test('a duration has a maximum that a timer can count', () => {
  expect(duration('for', '576h')).toBe(576 * 3_600_000);
  expect(576 * 3_600_000).toBeLessThan(2 ** 31);
  for (const long of ['577h', '2073600001ms', '99999999999999999999s'])
    expect(() => duration('for', long)).toThrow('--for is at most 576h (24 days)');
  for (const wrong of ['0s', '60', '1d', '-1s'])
    expect(() => duration('for', wrong)).toThrow('--for is not a duration');
});

test('a whole number has a maximum', () => {
  expect(wholeNumberFlag('clients', '10000', 10_000)).toBe(10_000);
  expect(() => wholeNumberFlag('clients', '10001', 10_000)).toThrow('--clients is at most 10,000');
  expect(wholeNumberFlag('visits', '999999999999')).toBe(999_999_999_999);
  expect(() => wholeNumberFlag('visits', '1000000000000')).toThrow('at most 999,999,999,999');
  expect(() => wholeNumberFlag('visits', '0')).toThrow('is not a whole number above 0');
  expect(wholeNumberFlag('visits', undefined)).toBeUndefined();
});
