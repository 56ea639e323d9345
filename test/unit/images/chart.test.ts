/** The chart as a picture: its bars, its scale, its text, and that nothing in it runs. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Chart, drawChart, scaleMaximum } from '../../../src/images/chart.ts';
import { xmlText } from '../../../src/images/xml.ts';
import { elementsOf } from '../../support/svg.ts';

const chart = (more: Partial<Chart> = {}) =>
  drawChart({
    title: 'my-site/page',
    summary: '10 visits',
    bars: [],
    theme: 'auto',
    write: String,
    ...more,
  });
const bars = (...values: number[]) =>
  values.map((value, index) => ({ name: `bar ${index}`, value }));
const heights = (svg: string) =>
  [...svg.matchAll(/<rect class="bar"[^>]* height="([\d.]+)"/g)].map(([, height]) =>
    Number(height),
  );

/** The contrast of two colours as in `#1c1e22`, 1 to 21 (WCAG 2.2, "contrast ratio"). */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('a chart', () => {
  test('has a bar of the right length for each value, and a visible one for small values', () => {
    const [none, little, half, all, below] = heights(
      chart({ bars: bars(0, 1, 5000, 10_000, -7) }),
    );
    expect([none, little, half, all, below]).toEqual([0, 1, 69, 138, 0]);
  });

  test('has a scale up to a round number, with a whole number at its middle', () => {
    expect([0, 1, 2, 3, 9, 11, 13, 17, 21, 1001].map(scaleMaximum)).toEqual([
      2, 2, 2, 4, 10, 12, 16, 20, 30, 1200,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const most = scaleMaximum(value);
        expect(most).toBeGreaterThanOrEqual(value);
        expect(most % 2).toBe(0);
        expect(most).toBeLessThanOrEqual(Math.max(2, 2 * value));
      }),
    );
  });

  test('describes in text what it shows and what each bar is', () => {
    const svg = chart({ bars: bars(3) });
    expect(svg).toContain('role="img" aria-label="my-site/page: 10 visits"');
    expect(svg).toContain('<title>bar 0: 3</title>');
  });

  test('is readable on pages of its theme, whatever the system prefers', () => {
    const light = ['#ffffff', '#f6f8fa', '#fbfaf7'];
    const dark = ['#000000', '#0d1117', '#131518', '#1e1e1e'];
    // WCAG 2.2: 4.5 to 1 for text and 3 to 1 for graphics. No colour of text has that on white and
    // on black: 3.9 is what there is.
    for (const { theme, grounds, text } of [
      { theme: 'light', grounds: light, text: 4.5 },
      { theme: 'dark', grounds: dark, text: 4.5 },
      { theme: 'auto', grounds: [...light, ...dark], text: 3.9 },
    ] as const) {
      const svg = chart({ theme });
      expect(svg).not.toContain('prefers-color-scheme');
      const colour = (name: string) => new RegExp(`--${name}:(#[0-9a-f]{6})`).exec(svg)?.[1] ?? '';
      for (const ground of grounds) {
        for (const name of ['ink', 'soft'])
          expect(contrast(colour(name), ground)).toBeGreaterThanOrEqual(text);
        expect(contrast(colour('bar'), ground)).toBeGreaterThanOrEqual(3);
      }
    }
  });

  test('labels some of many bars, including the last', () => {
    const svg = chart({ bars: bars(...Array.from({ length: 30 }, () => 1)) });
    const named = [...svg.matchAll(/<text [^>]*>bar (\d+)<\/text>/g)].map(([, index]) =>
      Number(index),
    );
    expect(named).toEqual([4, 9, 14, 19, 24, 29]);
  });

  test('is a picture whatever its text is: it runs nothing and loads nothing', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constant('"><script>alert(1)</script>'),
    );
    fc.assert(
      fc.property(words, words, words, (title, summary, name) => {
        const elements = elementsOf(chart({ title, summary, bars: [{ name, value: 1 }] }));
        expect(new Set(elements.map((element) => element.name))).toEqual(
          new Set(['svg', 'title', 'style', 'text', 'line', 'rect']),
        );
        for (const { attributes } of elements) {
          expect(Object.keys(attributes).filter((key) => /href|^on|style/.test(key))).toEqual([]);
        }
        // Its words are all there, but for what no picture can hold.
        expect(elements.find((element) => element.name === 'title')?.text).toBe(
          xmlText(`${title}: ${summary}`),
        );
      }),
    );
  });
});
