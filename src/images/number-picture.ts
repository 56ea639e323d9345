/**
 * Numbers as pictures, with a small picture for each digit. A pure function.
 *
 * The SVG holds each different digit once, and loads nothing. Not here: the digits that Seen
 * brings (`seen-theme.ts`), and those in files (`picture-file.ts`).
 */
import { escaped } from './xml.ts';

/** The picture of one character. */
export interface Glyph {
  readonly width: number;
  readonly height: number;
  /** Elements of SVG that fill this width and height. */
  readonly svg: string;
}

/**
 * The pictures of the digits `0` to `9`. Pictures named `_start` and `_end` are optional, and
 * stand in front of each number and behind it.
 */
export type Theme = ReadonlyMap<string, Glyph>;

/** Where pictures of different heights are: the share of the free height that is above them. */
const ABOVE = { top: 0, center: 0.5, bottom: 1 } as const;

/** The content and look of a picture. */
export interface NumberPicture {
  /** Characters of the theme. Others are left out. */
  readonly digits: string;
  /** What programs read to people who do not see the picture. */
  readonly label: string;
  readonly theme: Theme;
  readonly align: keyof typeof ABOVE;
  /** The factor by which the pictures are larger than in the theme. */
  readonly scale: number;
  /** Pixels between two pictures; with less than 0 they overlap. */
  readonly offset: number;
  /** Whether enlarged pixels keep sharp edges. */
  readonly pixelated: boolean;
  /** Whether it is darker; `auto`: if the reader prefers dark colours. */
  readonly dimmed: boolean | 'auto';
}

const DIM = 'filter:brightness(.6);';

/** The picture as the text of an SVG. */
export function drawNumber(picture: NumberPicture): string {
  const { digits, label, theme, align, scale, offset } = picture;
  const placed = ['_start', ...digits.split(''), '_end'].flatMap((key) => {
    const glyph = theme.get(key);
    return glyph === undefined ? [] : [{ key, ...glyph }];
  });
  const height = Math.max(0, ...placed.map((glyph) => glyph.height * scale));
  let x = 0;
  let uses = '';
  for (const glyph of placed) {
    const y = (height - glyph.height * scale) * ABOVE[align];
    uses += `<use x="${rounded(x)}" y="${rounded(y)}" xlink:href="#d${glyph.key}"/>`;
    x += glyph.width * scale + offset;
  }
  // Digits may overlap by more than their width, and an SVG of no width is not shown.
  const width = Math.max(x - offset, (placed[0]?.width ?? 0) * scale);
  const different = new Map(placed.map(({ key, svg }) => [key, svg]));
  const defs = [...different].map(
    ([key, svg]) => `<g id="d${key}" transform="scale(${rounded(scale)})">${svg}</g>`,
  );
  const [w, h] = [rounded(width), rounded(height)];
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"' +
    ` viewBox="0 0 ${w} ${h}" width="${w}" height="${h}"` +
    ` role="img" aria-label="${escaped(label)}">` +
    `<style>${styleOf(picture)}</style><defs>${defs.join('')}</defs>${uses}</svg>`
  );
}

function styleOf({ pixelated, dimmed }: NumberPicture): string {
  const sharp = pixelated ? 'image-rendering:pixelated;shape-rendering:crispEdges;' : '';
  const always = `svg{${sharp}${dimmed === true ? DIM : ''}}`;
  return dimmed === 'auto' ? `${always}@media (prefers-color-scheme:dark){svg{${DIM}}}` : always;
}

/** A length without the noise of binary fractions. */
function rounded(length: number): number {
  return Number(length.toFixed(5));
}
