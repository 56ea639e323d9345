/** Numbers as pictures: the places of the digits, their sizes, and Seen's own theme. */
import { describe, expect, test } from 'bun:test';
import { drawNumber, type NumberPicture, type Theme } from '../../../src/images/number-picture.ts';
import { SEEN_THEME } from '../../../src/images/seen-theme.ts';
import { elementsOf } from '../../support/svg.ts';

/** Digits of different widths and heights: 0 has 10 × 20, 1 has 11 × 21, … */
const STEPS: Theme = new Map(
  Array.from('0123456789', (key, index) => [
    key,
    { width: 10 + index, height: 20 + index, svg: `<path d="M${index} 0h1"/>` },
  ]),
);

function draw(changes: Partial<NumberPicture>) {
  const elements = elementsOf(
    drawNumber({
      digits: '102',
      label: '102',
      theme: STEPS,
      align: 'top',
      scale: 1,
      offset: 0,
      pixelated: true,
      dimmed: 'auto',
      ...changes,
    }),
  );
  const { width, height, viewBox, 'aria-label': label } = elements[0]?.attributes ?? {};
  expect(viewBox).toBe(`0 0 ${width} ${height}`);
  const uses = elements.filter(({ name }) => name === 'use').map(({ attributes }) => attributes);
  return {
    size: [Number(width), Number(height)],
    x: uses.map((use) => Number(use['x'])),
    y: uses.map((use) => Number(use['y'])),
    shown: uses.map((use) => use['xlink:href']),
    defined: elements
      .filter(({ name, attributes }) => name === 'g' && attributes['id'] !== undefined)
      .map(({ attributes }) => attributes),
    style: elements.find(({ name }) => name === 'style')?.text ?? '',
    label,
  };
}

test('the digits follow each other, each different one is embedded once', () => {
  const { size, x, y, shown, defined, label } = draw({ digits: '1021', label: 'a "<" & b' });
  expect(size).toEqual([11 + 10 + 12 + 11, 22]);
  expect(x).toEqual([0, 11, 21, 33]);
  expect(y).toEqual([0, 0, 0, 0]);
  expect(shown).toEqual(['#d1', '#d0', '#d2', '#d1']);
  expect(defined.map(({ id }) => id)).toEqual(['d1', 'd0', 'd2']);
  expect(label).toBe('a "<" & b');
});

test('the offset is pixels between digits, whatever the scale', () => {
  expect(draw({ offset: 5 })).toMatchObject({ size: [43, 22], x: [0, 16, 31] });
  expect(draw({ offset: 2.5, scale: 2 })).toMatchObject({ size: [71, 44], x: [0, 24.5, 47] });
  expect(draw({ offset: -3 })).toMatchObject({ size: [27, 22], x: [0, 8, 15] });
  // Otherwise the picture had no width, and was not shown.
  expect(draw({ offset: -500 })).toMatchObject({ size: [11, 22] });
});

test('the scale changes the digits and their places, without noise of fractions', () => {
  const { size, x, defined } = draw({ scale: 0.1 });
  expect(size).toEqual([3.3, 2.2]);
  expect(x).toEqual([0, 1.1, 2.1]);
  expect(defined.map(({ transform }) => transform)).toEqual(Array(3).fill('scale(0.1)'));
});

test('digits of different heights are aligned at the top, the center or the bottom', () => {
  expect(draw({ align: 'top' }).y).toEqual([0, 0, 0]);
  expect(draw({ align: 'center' }).y).toEqual([0.5, 1, 0]);
  expect(draw({ align: 'bottom' }).y).toEqual([1, 2, 0]);
  expect(draw({ align: 'bottom', scale: 2 }).y).toEqual([2, 4, 0]);
});

test('pixels are sharp and the picture is dark where that is asked for', () => {
  expect(draw({ pixelated: true, dimmed: false }).style).toBe(
    'svg{image-rendering:pixelated;shape-rendering:crispEdges;}',
  );
  expect(draw({ pixelated: false, dimmed: true }).style).toBe('svg{filter:brightness(.6);}');
  expect(draw({ pixelated: false, dimmed: 'auto' }).style).toBe(
    'svg{}@media (prefers-color-scheme:dark){svg{filter:brightness(.6);}}',
  );
});

test('a theme may have pictures before and behind the number; other characters are left out', () => {
  const glyph = { width: 1, height: 50, svg: '<path d="M0 0h1"/>' };
  const theme = new Map([...STEPS, ['_start', glyph], ['_end', glyph]]);
  expect(draw({ theme, digits: '0' })).toMatchObject({
    size: [12, 50],
    shown: ['#d_start', '#d0', '#d_end'],
  });
  expect(draw({ digits: '1-<x' }).shown).toEqual(['#d1']);
  expect(draw({ digits: '' })).toMatchObject({ size: [0, 0], shown: [] });
});

describe('the theme of Seen', () => {
  test('has ten different digits of one size, and a dash', () => {
    expect([...SEEN_THEME.keys()].join('')).toBe('0123456789-');
    expect(new Set([...SEEN_THEME.values()].map(({ svg }) => svg)).size).toBe(11);
    for (const { width, height } of SEEN_THEME.values()) expect([width, height]).toEqual([40, 52]);
  });

  test('draws each digit within its face, and readable on it, also when it is dimmed', () => {
    for (const [key, { svg, width, height }] of SEEN_THEME) {
      const [face, cheeks, digit, ...more] = elementsOf(`<g>${svg}</g>`).slice(1);
      expect(more).toEqual([]);
      for (const { attributes } of [face!, cheeks!, digit!]) {
        const runs = [...attributes['d']!.matchAll(/M(\d+) (\d+)h(\d+)v4h-(\d+)z/g)];
        expect(runs.map(([run]) => run).join('')).toBe(attributes['d']!);
        for (const [, x, y, run] of runs.map((numbers) => numbers.map(Number))) {
          expect({ key, inside: x! >= 2 && x! + run! <= width - 2 }).toEqual({
            key,
            inside: true,
          });
          expect({ key, inside: y! + 4 <= height }).toEqual({ key, inside: true });
        }
      }
      const colours = [face!, digit!].map(({ attributes }) => attributes['fill']!);
      expect(contrast(colours, 1)).toBeGreaterThan(7);
      expect(contrast(colours, 0.6)).toBeGreaterThan(4);
    }
  });
});

/** The contrast of two colours, made darker by a factor (https://www.w3.org/TR/WCAG21). */
function contrast(colours: readonly string[], factor: number): number {
  const [dark = 0, bright = 0] = colours
    .map((colour) => {
      const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
        const part = (Number.parseInt(colour.slice(at, at + 2), 16) / 255) * factor;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    })
    .toSorted((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}
