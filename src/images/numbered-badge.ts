/**
 * Badges of numbers, drawn once for all numbers of the same shape.
 *
 * In the badges' fonts all digits have the same width, so two numbers with the same count of
 * digits differ only in the digits. Two drawings show the places of the digits; later numbers are
 * filled in there, at a tenth of the cost of drawing. If more than the digits differs, each number
 * is drawn. These two drawings are made only when a shape comes again, so random labels cost
 * one drawing each. Logos are put in at the end, so they are not remembered here.
 */
import { LRUCache } from 'lru-cache';
import { type Badge, drawBadge, drawWithoutLogo, TEXT_LENGTH_MAX, withLogo } from './badge.ts';

/** The texts between the digits of a drawing. The whole number may occur in it several times. */
type Pieces = readonly string[];

/** Longer than any formatted number. Much longer ones would be cut in the drawing. */
const NUMBER_LENGTH_MAX = 40;
/**
 * The number of remembered shapes, the most recently used: some 2 kB each and 8 kB at the most,
 * which is 4 MB.
 */
const REMEMBERED_MAX = 500;
/** By shape: its pieces, that it was drawn once, or that each of its numbers must be drawn. */
const remembered = new LRUCache<string, Pieces | 'drawn once' | 'drawn always'>({
  max: REMEMBERED_MAX,
});

/** The badge as the text of an SVG, the same as from `drawBadge`. */
export function drawNumberedBadge(badge: Badge): string {
  const digits = badge.message.length > NUMBER_LENGTH_MAX ? null : badge.message.match(/\d/g);
  if (!digits) return drawBadge(badge);
  const label = badge.label.slice(0, TEXT_LENGTH_MAX);
  const message = withDigits(badge.message, '0');
  const logo = badge.logo !== undefined;
  const shape = JSON.stringify({ ...badge, label, message, logo, logoColour: undefined });
  const before = remembered.get(shape);
  const known =
    before === 'drawn once' ? (piecesOf(badge, digits.length) ?? 'drawn always') : before;
  remembered.set(shape, known ?? 'drawn once');
  const svg = typeof known === 'object' ? filled(known, digits) : drawWithoutLogo(badge);
  return withLogo(svg, badge);
}

function withDigits(message: string, digit: string): string {
  return message.replaceAll(/\d/g, digit);
}

/** Draws the shape with ones and with twos; `undefined` if more than the digits differs. */
function piecesOf(badge: Badge, digits: number): Pieces | undefined {
  const [ones, twos] = ['1', '2'].map((digit) =>
    drawWithoutLogo({ ...badge, message: withDigits(badge.message, digit) }),
  );
  if (ones === undefined || twos === undefined || ones.length !== twos.length) return undefined;
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < ones.length; at++) {
    if (ones[at] === twos[at]) continue;
    // More than the digits differs.
    if (ones[at] !== '1' || twos[at] !== '2') return undefined;
    pieces.push(ones.slice(from, at));
    from = at + 1;
  }
  if (pieces.length === 0 || pieces.length % digits !== 0) return undefined;
  return [...pieces, ones.slice(from)];
}

function filled(pieces: Pieces, digits: readonly string[]): string {
  let svg = pieces[0] ?? '';
  for (let at = 1; at < pieces.length; at++)
    svg += `${digits[(at - 1) % digits.length]}${pieces[at]}`;
  return svg;
}
