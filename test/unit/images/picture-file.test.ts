/** Pictures in files: their sizes, and what is no picture. */
import { describe, expect, test } from 'bun:test';
import { glyphIn, PICTURE_ENDINGS } from '../../../src/images/picture-file.ts';
import { GIF, PNG, SVG, WEBP } from '../../support/pictures.ts';
import { elementsOf } from '../../support/svg.ts';

/** A copy with other bytes at a place. */
function changed(bytes: Buffer, at: number, ...values: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

const sizeOf = (bytes: Buffer, ending: string) => {
  const glyph = glyphIn(bytes, ending);
  return glyph && [glyph.width, glyph.height];
};
const svg = (attributes: string, before = '') =>
  Buffer.from(`${before}<svg xmlns="http://www.w3.org/2000/svg" ${attributes}><path/></svg>`);

describe('the size of a picture', () => {
  test('is read from files as programs write them', () => {
    expect(sizeOf(PNG, 'png')).toEqual([1, 1]);
    expect(sizeOf(GIF, 'gif')).toEqual([1, 1]);
    for (const bytes of Object.values(WEBP)) expect(sizeOf(bytes, 'webp')).toEqual([1, 1]);
    expect(sizeOf(SVG, 'svg')).toEqual([30, 40]);
  });

  test('has as many bytes as the format says, in its order', () => {
    expect(sizeOf(changed(PNG, 16, 0, 0, 1, 2, 0, 0, 3, 4), 'png')).toEqual([258, 772]);
    expect(sizeOf(changed(GIF, 6, 2, 1, 4, 3), 'gif')).toEqual([258, 772]);
    // The two highest bits are a scale.
    expect(sizeOf(changed(WEBP.lossy, 26, 2, 0xc1, 4, 0x43), 'webp')).toEqual([258, 772]);
    // 257 and 771 in 14 bits each, the lowest first.
    const bits = 257 + 771 * 2 ** 14;
    const lossless = [0, 8, 16, 24].map((shift) => (bits >>> shift) & 0xff);
    expect(sizeOf(changed(WEBP.lossless, 21, ...lossless), 'webp')).toEqual([258, 772]);
    expect(sizeOf(changed(WEBP.extended, 24, 1, 1, 0, 3, 3, 0), 'webp')).toEqual([258, 772]);
  });

  test('of an SVG is its width and height in pixels, otherwise that of its viewBox', () => {
    expect(sizeOf(svg('width="45" height="100"'), 'svg')).toEqual([45, 100]);
    expect(sizeOf(svg("width='45.5px'\n height='100px'"), 'svg')).toEqual([45.5, 100]);
    expect(sizeOf(svg('viewBox="-1 -2 30 40"'), 'svg')).toEqual([30, 40]);
    expect(sizeOf(svg('viewBox="0,0,30.5,40" width="100%" height="100%"'), 'svg')).toEqual([
      30.5, 40,
    ]);
    expect(sizeOf(svg('stroke-width="7" viewBox="0 0 30 40"'), 'svg')).toEqual([30, 40]);
    const before = '\uFEFF<?xml version="1.0"?>\n<!-- Drawn by me -->\n';
    expect(sizeOf(svg('width="4" height="5"', before), 'svg')).toEqual([4, 5]);
  });
});

test('a picture is embedded whole, with the type of its kind', () => {
  for (const [bytes, ending, type] of [
    [PNG, 'png', 'image/png'],
    [GIF, 'gif', 'image/gif'],
    [WEBP.lossy, 'webp', 'image/webp'],
    [SVG, 'svg', 'image/svg+xml'],
  ] as const) {
    const [image, ...more] = elementsOf(glyphIn(bytes, ending)?.svg ?? '');
    expect(more).toEqual([]);
    expect(image?.name).toBe('image');
    expect(image?.attributes['xlink:href']).toBe(
      `data:${type};base64,${bytes.toString('base64')}`,
    );
  }
});

test('a file of another kind, a cut one, and one without a size is no picture', () => {
  for (const ending of PICTURE_ENDINGS) {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(100), Buffer.from('not a picture at all')])
      expect(sizeOf(bytes, ending)).toBeUndefined();
  }
  for (const ending of ['gif', 'webp', 'svg', 'jpg', '', 'toString'])
    expect(sizeOf(PNG, ending)).toBeUndefined();
  expect(sizeOf(PNG.subarray(0, 20), 'png')).toBeUndefined();
  expect(sizeOf(GIF.subarray(0, 9), 'gif')).toBeUndefined();
  expect(sizeOf(WEBP.lossy.subarray(0, 26), 'webp')).toBeUndefined();
  expect(sizeOf(changed(PNG, 16, 0, 0, 0, 0), 'png')).toBeUndefined();
  expect(sizeOf(svg(''), 'svg')).toBeUndefined();
  expect(sizeOf(svg('width="0" height="5"'), 'svg')).toBeUndefined();
  expect(sizeOf(svg('width="4em" height="5em"'), 'svg')).toBeUndefined();
  expect(sizeOf(svg('width="1.2.3" height="5"'), 'svg')).toBeUndefined();
  // Browsers show nothing of it.
  expect(sizeOf(Buffer.from('<svg width="4" height="5"></svg>'), 'svg')).toBeUndefined();
});
