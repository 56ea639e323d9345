/** Badges of numbers are the same, whether drawn once for all numbers of a shape or one by one. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { BADGE_STYLES, type Badge, drawBadge } from '../../../src/images/badge.ts';
import { drawNumberedBadge } from '../../../src/images/numbered-badge.ts';

const badges = fc.record(
  {
    label: fc.oneof(
      fc.constantFrom('visits', '', '2026', '1 2 <b>"&\'', '١٢'),
      fc.string({ maxLength: 12 }),
    ),
    message: fc.oneof(
      fc.maxSafeInteger().map(String),
      fc.maxSafeNat().map((number) => number.toLocaleString('en')),
      fc.maxSafeNat().map((number) => number.toLocaleString('de')),
      fc.tuple(fc.nat(999), fc.nat(9)).map(([whole, part]) => `${whole}.${part}K`),
      fc.constantFrom(
        'private',
        '',
        '1',
        '1'.repeat(40),
        '1'.repeat(41),
        '1'.repeat(200) + '2'.repeat(50),
        '٣',
        '12٣',
      ),
    ),
    style: fc.constantFrom(undefined, ...BADGE_STYLES),
    colour: fc.constantFrom(undefined, 'blue', '#112233', '#fff'),
    labelColour: fc.constantFrom(undefined, '#111'),
    textColour: fc.constantFrom(undefined, '#222'),
    fontSizePx: fc.constantFrom(undefined, 22, 7.5),
    logo: fc.constantFrom(
      undefined,
      { slug: 'dark', hex: '181717', path: 'M1 2h3z' },
      { slug: 'bright', hex: 'F7DF1E', path: 'M21 1h2z' },
    ),
    logoColour: fc.constantFrom(undefined, 'red', '#121212'),
  },
  { requiredKeys: ['label', 'message'] },
);

test('a badge with inserted digits equals a drawn one', () => {
  fc.assert(
    fc.property(badges, fc.nat(9), (badge: Badge, digit) => {
      expect(drawNumberedBadge(badge)).toBe(drawBadge(badge));
      // From the second of a shape on they are put together.
      for (const each of [digit, 9 - digit]) {
        const other = { ...badge, message: badge.message.replaceAll(/\d/g, String(each)) };
        expect(drawNumberedBadge(other)).toBe(drawBadge(other));
      }
    }),
    { numRuns: 500 },
  );
});

test('all digits have the same width in every style, so digits can be inserted', () => {
  for (const style of BADGE_STYLES) {
    const lengths = Array.from(
      '0123456789',
      (digit) => drawBadge({ label: 'visits', message: digit.repeat(4), style }).length,
    );
    expect(new Set(lengths).size).toBe(1);
  }
});
