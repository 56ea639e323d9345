/** The chart as a picture: its bars, its scale, its words, and that nothing in it can do anything. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Chart, drawChart, niceMost } from '../../src/images/chart.ts';
import { xmlText } from '../../src/images/xml.ts';
import { elementsOf } from '../support/svg.ts';

const chart = (more: Partial<Chart> = {}) =>
  drawChart({ title: 'my-site/page', summary: '10 visits', bars: [], theme: 'auto', write: String, ...more });
const bars = (...values: number[]) => values.map((value, index) => ({ name: `bar ${index}`, value }));
const heights = (svg: string) =>
  [...svg.matchAll(/<rect class="bar"[^>]* height="([\d.]+)"/g)].map(([, height]) => Number(height));

describe('a chart', () => {
  test('has a bar for each value, as long as it says, and one that is seen for little', () => {
    const [none, little, half, all, below] = heights(chart({ bars: bars(0, 1, 5000, 10_000, -7) }));
    expect([none, little, half, all, below]).toEqual([0, 1, 69, 138, 0]);
  });

  test('has a scale of round numbers whose half is whole', () => {
    expect([0, 1, 2, 3, 9, 11, 13, 17, 21, 1001].map(niceMost)).toEqual([
      2, 2, 2, 4, 10, 12, 16, 20, 30, 1200,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const most = niceMost(value);
        expect(most).toBeGreaterThanOrEqual(value);
        expect(most % 2).toBe(0);
        expect(most).toBeLessThanOrEqual(Math.max(2, 2 * value));
      }),
    );
  });

  test('says in words what it shows, and what each bar is', () => {
    const svg = chart({ bars: bars(3) });
    expect(svg).toContain('role="img" aria-label="my-site/page: 10 visits"');
    expect(svg).toContain('<title>bar 0: 3</title>');
  });

  test('has the colours that are asked for, or those of the page', () => {
    expect(chart({ theme: 'light' })).not.toContain('prefers-color-scheme');
    expect(chart({ theme: 'dark' })).not.toContain('prefers-color-scheme');
    expect(chart({ theme: 'auto' })).toContain('@media(prefers-color-scheme:dark)');
    expect(chart({ theme: 'light' })).not.toBe(chart({ theme: 'dark' }));
  });

  test('names some of many bars, the last among them', () => {
    const svg = chart({ bars: bars(...Array.from({ length: 30 }, () => 1)) });
    const named = [...svg.matchAll(/<text [^>]*>bar (\d+)<\/text>/g)].map(([, index]) => Number(index));
    expect(named).toEqual([4, 9, 14, 19, 24, 29]);
  });

  test('is a picture whatever its words are: nothing is run, nothing comes from elsewhere', () => {
    const words = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('"><script>alert(1)</script>'));
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
