/** The colour of a logo: the given one, that of its brand, or one that stands out. */
import { expect, test } from 'bun:test';
import { logoUrl } from '../../../src/images/logo.ts';
import { elementsOf } from '../../support/svg.ts';

const svgOf = (hex: string, isSocial: boolean, colour?: string) => {
  const url = logoUrl({ slug: 'square', hex, path: 'M0 0h24v24H0z' }, isSocial, colour);
  const [start, base64 = ''] = url.split(',');
  expect(start).toBe('data:image/svg+xml;base64');
  return elementsOf(Buffer.from(base64, 'base64').toString());
};
const fillOf = (...of: Parameters<typeof svgOf>) => svgOf(...of)[0]?.attributes['fill'];

test('a logo has the colour of its brand where that stands out', () => {
  // Of brightness 0.40, 0.41, 0.59 and 0.60.
  const [dark, dim, bright, brighter] = ['666666', '696969', '969696', '999999'];
  expect([dark, dim, bright, brighter].map((hex) => fillOf(hex, false))).toEqual([
    'whitesmoke',
    '#696969',
    '#969696',
    '#999999',
  ]);
  expect([dark, dim, bright, brighter].map((hex) => fillOf(hex, true))).toEqual([
    '#666666',
    '#696969',
    '#969696',
    '#333',
  ]);
});

test('a logo has the given colour everywhere', () => {
  for (const isSocial of [false, true]) expect(fillOf('000000', isSocial, '#abc')).toBe('#abc');
});
