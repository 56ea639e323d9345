/**
 * Badges of numbers, drawn once for all numbers of the same shape.
 *
 * Badges are drawn in fonts in which all digits are as wide, so two numbers of as many digits
 * differ in nothing but the digits. Two drawings tell where those stand; from then on they are put
 * in there, at a tenth of what drawing costs. Where it is not so, each number is drawn. A shape
 * that is seen once only is drawn once only: whoever makes up labels costs no more than a drawing
 * each.
 */
import { LRUCache } from 'lru-cache';
import { type Badge, drawBadge, TEXT_LENGTH_MAX } from './badge.ts';

/**
 * What stands between the digits of a drawing: of each of the places where the number stands, one
 * digit after the other.
 */
type Pieces = readonly string[];

/** Longer than any number is written; what is far longer would be cut where it is drawn. */
const NUMBER_LENGTH_MAX = 40;
/**
 * So many shapes are remembered, of some 2 kB each and 8 kB at the most, which is 4 MB: those that
 * were wanted last.
 */
const REMEMBERED_MAX = 500;
/** Of a shape its pieces, or that it was drawn once, or that its numbers are drawn one by one. */
const remembered = new LRUCache<string, Pieces | 'drawn once' | 'drawn always'>({
  max: REMEMBERED_MAX,
});

/** The badge as the text of an SVG: the same as `drawBadge` answers. */
export function drawNumberedBadge(badge: Badge): string {
  const digits = badge.message.length > NUMBER_LENGTH_MAX ? null : badge.message.match(/\d/g);
  if (!digits) return drawBadge(badge);
  const label = badge.label.slice(0, TEXT_LENGTH_MAX);
  const shape = JSON.stringify({ ...badge, label, message: withDigits(badge.message, '0') });
  const before = remembered.get(shape);
  const known =
    before === 'drawn once' ? (piecesOf(badge, digits.length) ?? 'drawn always') : before;
  remembered.set(shape, known ?? 'drawn once');
  return typeof known === 'object' ? filled(known, digits) : drawBadge(badge);
}

function withDigits(message: string, digit: string): string {
  return message.replaceAll(/\d/g, digit);
}

function piecesOf(badge: Badge, digits: number): Pieces | undefined {
  const [ones, twos] = ['1', '2'].map((digit) =>
    drawBadge({ ...badge, message: withDigits(badge.message, digit) }),
  );
  if (ones === undefined || twos === undefined || ones.length !== twos.length) return undefined;
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < ones.length; at++) {
    if (ones[at] === twos[at]) continue;
    // Something else than the digits differs.
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
