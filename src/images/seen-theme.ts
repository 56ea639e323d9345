/**
 * The digits that Seen brings: pixel art, on the dark face of a cat, so that they are readable on
 * light and on dark pages.
 */
import type { Glyph, Theme } from './number-picture.ts';

/** Side of a pixel of the art in pixels of the picture. */
const PIXEL = 4;
/** The width of each character below, and the width with the space behind it. */
const CHARACTER = { width: 5, advance: 6 } as const;
/** The place of a character on its face, in pixels of the art. */
const PLACE = { left: 2, top: 4 } as const;

const KEYS = '0123456789-';
const CHARACTERS = [
  '.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###. .....',
  '#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...# .....',
  '#...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# .....',
  '#...# ..#.. ..##. ..##. #..#. ....# ####. ..#.. .###. .#### .###.',
  '#...# ..#.. .#... ....# ##### ....# #...# ..#.. #...# ....# .....',
  '#...# ..#.. #.... #...# ...#. #...# #...# .#... #...# ....# .....',
  '.###. .###. ##### .###. ...#. .###. .###. .#... .###. .###. .....',
];
const FACE = [
  '.#.....#.',
  '.##...##.',
  '.#######.',
  '#########',
  '#########',
  '#########',
  '#########',
  '#########',
  '#########',
  '#########',
  '#########',
  '#########',
  '.#######.',
];
/** The row of the cheeks in the face. */
const CHEEKS = { top: 11, rows: ['.##...##.'] } as const;

/** The contrast of a digit on its face is 7.9, and 4.2 when the picture is dimmed. */
const COLOURS = { face: '#33415c', cheeks: '#f78fb3', character: '#ffe08a' } as const;

/** The theme; besides the digits it has `-`, for a number that is not shown. */
export const SEEN_THEME: Theme = new Map(
  Array.from(KEYS, (key, index): [string, Glyph] => [key, glyphAt(index)]),
);

function glyphAt(index: number): Glyph {
  const left = index * CHARACTER.advance;
  const character = CHARACTERS.map((row) => row.slice(left, left + CHARACTER.width));
  return {
    // Half a pixel on each side separates two faces.
    width: ((FACE[0]?.length ?? 0) + 1) * PIXEL,
    height: FACE.length * PIXEL,
    svg:
      pixels(FACE, COLOURS.face, 0, 0) +
      pixels(CHEEKS.rows, COLOURS.cheeks, 0, CHEEKS.top) +
      pixels(character, COLOURS.character, PLACE.left, PLACE.top),
  };
}

/** The pixels of the art that are `#`, as a path of one rectangle for each run in a row. */
function pixels(rows: readonly string[], colour: string, left: number, top: number): string {
  const path = rows.flatMap((row, y) =>
    [...row.matchAll(/#+/g)].map(({ index, 0: run }) => {
      const [x, width] = [(left + index + 0.5) * PIXEL, run.length * PIXEL];
      return `M${x} ${(top + y) * PIXEL}h${width}v${PIXEL}h-${width}z`;
    }),
  );
  return `<path fill="${colour}" d="${path.join('')}"/>`;
}
