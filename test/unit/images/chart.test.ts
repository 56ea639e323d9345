/** The chart as a picture: its bars, its scale, its text, and that nothing in it runs. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Chart, drawChart, scaleMaximum } from '../../../src/images/chart.ts';
import { xmlText } from '../../../src/images/xml.ts';
import { contrast } from '../../support/contrast.ts';
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

/** The colours that a chart has for people whose system prefers light or dark, by their names. */
function coloursOf(svg: string, prefers: 'light' | 'dark'): Record<string, string> {
  const [style = ''] = /<style>.*<\/style>/.exec(svg) ?? [];
  const [usual = '', whenDark = ''] = style.split('@media(prefers-color-scheme:dark)');
  const text = prefers === 'dark' ? usual + whenDark : usual;
  return Object.fromEntries(
    [...text.matchAll(/--(\w+):(#(?:[\da-f]{3}){1,2})\b/g)].map(([, name = '', colour = '']) => [
      name,
      colour.length === 4 ? colour.replaceAll(/[\da-f]/g, '$&$&') : colour,
    ]),
  );
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
    for (const { theme, pages } of [
      { theme: 'light', pages: light },
      { theme: 'dark', pages: dark },
      { theme: 'auto', pages: [...light, ...dark] },
    ] as const) {
      const svg = chart({ theme });
      // What is on the page itself may not follow the system, because the page may not.
      expect(svg.includes('prefers-color-scheme')).toBe(theme === 'auto');
      for (const prefers of ['light', 'dark'] as const) {
        const colours = coloursOf(svg, prefers);
        for (const page of pages) {
          const ground = svg.includes('class="ground"') ? colours['ground'] : page;
          // WCAG 2.2: 4.5 to 1 for text and 3 to 1 for graphics.
          for (const [name, least] of [
            ['ink', 4.5],
            ['soft', 4.5],
            ['bar', 3],
          ] as const) {
            const ratio = contrast(colours[name] ?? '', ground ?? '');
            expect({ theme, prefers, page, name, enough: ratio >= least }).toEqual({
              theme,
              prefers,
              page,
              name,
              enough: true,
            });
          }
        }
      }
    }
  });

  test('has its ground behind all else', () => {
    const first = elementsOf(chart({ bars: bars(1) })).find(({ name }) =>
      /rect|text|line/.test(name),
    );
    expect(first).toMatchObject({
      name: 'rect',
      attributes: { class: 'ground', width: '639', height: '219' },
    });
  });

  test('has a note in the place of bars', () => {
    expect(chart({ bars: bars(0, 0), note: 'no <visits> yet' })).toContain(
      'text-anchor="middle">no &lt;visits&gt; yet</text>',
    );
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
