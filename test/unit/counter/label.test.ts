/** Titles and links of counters. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { isTitle, normalLink } from '../../../src/counter/label.ts';

test('a title is one line of 1 to 100 characters', () => {
  for (const text of ['a', ' ', '你好', '<b>', '🌍'.repeat(100), 'x'.repeat(100)])
    expect({ text, valid: isTitle(text) }).toEqual({ text, valid: true });
  for (const text of ['', '🌍'.repeat(101), 'a\tb', 'a\u007Fb', 'a\u2029b', '\uDC00', 'a\n'])
    expect({ text, valid: isTitle(text) }).toEqual({ text, valid: false });
});

test('a link is stored in the form that browsers give it', () => {
  for (const [text, link] of [
    ['HTTP://Example.COM:80/a/../b', 'http://example.com/b'],
    ['https://example.com', 'https://example.com/'],
    ['https://bücher.example/ä?ö#ü', 'https://xn--bcher-kva.example/%C3%A4?%C3%B6#%C3%BC'],
    ['https:example.com', 'https://example.com/'],
    ['https://example.com/\uD800', 'https://example.com/%EF%BF%BD'],
    ['httpsx://example.com/', undefined],
    ['vbscript:http://example.com/', undefined],
    ['\u0000https://example.com/', undefined],
    ['https://exa mple.com/', undefined],
  ] as const) {
    expect({ text, link: normalLink(text) }).toEqual({ text, link });
  }
});

test('a stored link is valid, leads to a site, and stays as it is when it is stored again', () => {
  const url = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string({ unit: 'grapheme' }).map((text) => `https://example.com/${text}`),
    fc.string({ unit: 'binary' }).map((text) => `http:${text}`),
  );
  fc.assert(
    fc.property(url, (text) => {
      const link = normalLink(text);
      if (link === undefined) return;
      expect(link).toMatch(/^https?:\/\/[!-~]+$/);
      expect(link.length).toBeLessThanOrEqual(500);
      expect(normalLink(link)).toBe(link);
    }),
    { numRuns: 2000 },
  );
});
