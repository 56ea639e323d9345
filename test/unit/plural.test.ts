/** Numbers of things, as people read them. */
import { expect, test } from 'bun:test';
import { pluralize } from '../../src/plural.ts';

test('one thing is in the singular, and every other number in the plural', () => {
  expect([0, 1, 2, -1, 1234].map((number) => pluralize(number, 'visit'))).toEqual([
    '0 visits',
    '1 visit',
    '2 visits',
    '-1 visits',
    '1,234 visits',
  ]);
  expect(pluralize(1234, 'visit', (value) => value.toLocaleString('de'))).toBe('1.234 visits');
});
