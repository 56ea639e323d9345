/** Badges: their content, and that no text turns a badge into anything but a picture. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  BADGE_STYLES,
  type Badge,
  badgeColour,
  badgeFont,
  cssColour,
  drawBadge,
} from '../../../src/images/badge.ts';
import { SHIELDS_COLOURS } from '../../../src/images/shields-colours.ts';
import { elementsOf } from '../../support/svg.ts';

const draw = (badge: Partial<Badge>) => drawBadge({ label: 'counter', message: '42', ...badge });

describe('a badge', () => {
  test('contains its label and its message, in every style, also for screen readers', () => {
    for (const style of BADGE_STYLES) {
      const [svg, ...inside] = elementsOf(draw({ style }));
      expect(svg?.name).toBe('svg');
      expect(svg?.attributes).toMatchObject({
        role: 'img',
        'aria-label': expect.stringMatching(/^counter: 42$/i),
      });
      const texts = inside
        .filter(({ name }) => name === 'text')
        .map(({ text }) => text.toLowerCase());
      expect(new Set(texts)).toEqual(new Set(['counter', '42']));
    }
  });

  test('can have only a message', () => {
    const texts = elementsOf(draw({ label: '' })).filter(({ name }) => name === 'text');
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(['42']));
  });

  test('has the given colours', () => {
    const fills = (badge: Partial<Badge>, name: string) =>
      elementsOf(draw(badge)).flatMap((element) =>
        element.name === name ? (element.attributes['fill'] ?? []) : [],
      );
    expect(fills({ colour: '#ff5500', labelColour: '#123' }, 'rect')).toEqual([
      '#123',
      '#ff5500',
      'url(#s)',
    ]);
    expect(fills({ colour: 'red' }, 'rect')).toContain('#dd4343');
    // On white the words are dark, unless somebody wants them otherwise.
    expect(fills({ colour: '#fff' }, 'text')).toEqual(['#333']);
    expect(fills({ colour: '#fff', textColour: '#abc' }, 'text')).toEqual([]);
    for (const style of ['flat', 'flat-square', 'plastic', 'for-the-badge'] as const) {
      expect(fills({ style, colour: '#fff', textColour: '#abc' }, 'g')).toContain('#abc');
    }
  });

  test('has the given font and size', () => {
    const group = elementsOf(draw({ font: badgeFont('arial-bold-italic') })).find(
      ({ attributes }) => attributes['font-family'],
    );
    expect(group?.attributes).toMatchObject({
      'font-family': 'Arial,Helvetica,sans-serif',
      'font-weight': 'bold',
      'font-style': 'italic',
    });
    const [usual] = elementsOf(draw({}));
    const [twice] = elementsOf(draw({ fontSizePx: 22 }));
    const [width, height] = [
      Number(usual?.attributes['width']),
      Number(usual?.attributes['height']),
    ];
    expect(twice?.attributes).toMatchObject({
      width: `${2 * width}`,
      height: `${2 * height}`,
      viewBox: `0 0 ${width} ${height}`,
    });
  });

  test('has a logo in the given colour, in every style', () => {
    const logo = { slug: 'square', hex: '181717', path: 'M0 0h24v24H0z' };
    for (const style of BADGE_STYLES) {
      for (const [logoColour, fill] of [
        ['#ff6600', '#ff6600'],
        ['red', '#dd4343'],
        [undefined, style === 'social' ? '#181717' : 'whitesmoke'],
      ] as const) {
        const images = elementsOf(draw({ style, logo, logoColour })).filter(
          ({ name }) => name === 'image',
        );
        const [type, content = ''] = images[0]?.attributes['href']?.split(',') ?? [];
        expect({ style, images: images.length, type }).toEqual({
          style,
          images: 1,
          type: 'data:image/svg+xml;base64',
        });
        const [svg, path] = elementsOf(Buffer.from(content, 'base64').toString());
        expect(svg?.attributes).toMatchObject({ viewBox: '0 0 24 24', fill });
        expect(path?.attributes).toEqual({ d: logo.path });
      }
    }
  });

  test('cuts off text that is longer than any badge', () => {
    const text = (length: number) => elementsOf(draw({ label: 'x'.repeat(length) }))[1]?.text;
    expect(text(200)).toBe(`${'x'.repeat(200)}: 42`);
    expect(text(201)).toBe(`${'x'.repeat(200)}: 42`);
  });
});

describe('colours and fonts', () => {
  test('are only the known ones', () => {
    for (const [text, colour] of [
      ['fff', '#fff'],
      ['#FFF', '#fff'],
      [' 007ec6 ', '#007ec6'],
      ['#007EC6', '#007ec6'],
      ['f068', '#f068'],
      ['#FF006688', '#ff006688'],
      ['red', '#ff0000'],
      ['RebeccaPurple', '#663399'],
      ['rgb(255, 0, 102)', '#ff0066'],
      ['RGBA(255,0,102,.5)', '#ff00667f'],
      ['rgb(100% 0% 40%)', '#ff0066'],
      ['hsl(120, 100%, 50%)', '#00ff00'],
      ['hsla(120, 100%, 50%, 50%)', '#00ff007f'],
      // As CSS writes them today, with spaces, and with a slash before alpha.
      ['rgb(255 0 102)', '#ff0066'],
      ['rgb(255 0 102 / .5)', '#ff00667f'],
      ['rgba( 255  0 102/50% )', '#ff00667f'],
      ['rgb(100% 0% 40% / 1)', '#ff0066'],
      ['hsl(120 100% 50%)', '#00ff00'],
      ['hsl(120deg 100% 50% / 0.5)', '#00ff007f'],
      ['HSLA(120 100% 50% / 50%)', '#00ff007f'],
      ['hsl(200grad, 100%, 50%)', '#00ffff'],
    ] as const) {
      expect({ text, colour: cssColour(text) }).toEqual({ text, colour });
    }
    const none = [
      '',
      '#',
      'ff',
      'fffff',
      'fffffff',
      '123zzz',
      '##fff',
      'fff"',
      'url(#x)',
      'constructor',
      '__proto__',
    ];
    for (const wrong of [
      ...none,
      'rgb(1,2)',
      'rgb(1,2,3)"',
      'rgb(1 2)',
      'rgb(1 2 3 4)',
      'rgb(1 2, 3)',
      'hsl(1 2% 3% / )',
      'hsl(1 2% 3% / .5 / .5)',
      'hsl(1 2% 3%',
      'var(--x)',
      'currentcolor',
      'brightgreen',
    ]) {
      expect({ wrong, colour: cssColour(wrong) }).toEqual({ wrong, colour: undefined });
    }
    // shields.io has a red of its own.
    for (const [text, colour] of [
      ['red', 'red'],
      ['RED', 'red'],
      ['lightgray', 'lightgray'],
      ['BrightGreen', 'brightgreen'],
      ['abc', '#abc'],
      ['tomato', '#ff6347'],
      ['rgb(0,0,0)', '#000000'],
    ] as const) {
      expect({ text, colour: badgeColour(text) }).toEqual({ text, colour });
    }
    for (const wrong of none) {
      expect({ wrong, colour: badgeColour(wrong) }).toEqual({ wrong, colour: undefined });
    }
    // badge-maker has these names in its own table.
    for (const [name, colour] of Object.entries(SHIELDS_COLOURS)) {
      const fills = elementsOf(draw({ style: 'flat-square', colour: name }))
        .filter((element) => element.name === 'rect')
        .map(({ attributes }) => attributes['fill']);
      expect({ name, drawn: fills[1] }).toEqual({ name, drawn: colour });
    }
    expect(badgeFont('jetbrains-mono')).toEqual({
      family: 'jetbrains-mono',
      bold: false,
      italic: false,
    });
    expect(badgeFont('verdana-bold')).toEqual({ family: 'verdana', bold: true, italic: false });
    for (const wrong of ['', 'comic-sans', 'constructor', 'arial-', 'Arial', '-bold']) {
      expect({ wrong, font: badgeFont(wrong) }).toEqual({ wrong, font: undefined });
    }
  });
});

describe('text', () => {
  test('is never run as markup', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '<',
          '>',
          '&',
          '"',
          "'",
          '/',
          '=',
          ' ',
          ']]>',
          '<script>',
          '\0',
          '\uD800',
          'x',
        ),
      }),
    );
    fc.assert(
      fc.property(any, any, fc.constantFrom(...BADGE_STYLES), (label, message, style) => {
        const svg = draw({
          label,
          message,
          style,
          textColour: '#abc',
          font: badgeFont('arial'),
          fontSizePx: 20,
        });
        const plain = draw({ label: label.trim() === '' ? '' : 'x', message: 'x', style });
        const shape = (drawn: string) => new Set(elementsOf(drawn).map(({ name }) => name));
        for (const name of shape(svg)) expect(shape(plain)).toContain(name);
        for (const { attributes } of elementsOf(svg)) {
          for (const name of Object.keys(attributes)) expect(name).not.toMatch(/^on|href$/i);
        }
        for (const character of svg) {
          const code = character.codePointAt(0) ?? 0;
          const belongs =
            code >= 0x20 ? code !== 0xfffe && code !== 0xffff : [9, 10, 13].includes(code);
          expect({ code, belongs }).toEqual({ code, belongs: true });
        }
        expect(svg.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
