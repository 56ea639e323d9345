/**
 * Reads the number on a badge: an SVG file of another service, often all that is left of a counter
 * whose service has closed.
 *
 * The number is in the last text of the image: shields, visitor-badge, hits.sh and similar
 * services write it alone, hits.seeyoufarm.com as `TODAY / TOTAL`. Digits that are images cannot
 * be read, and an abbreviated number is not exact.
 */
import {
  counterWithTotal,
  excerpt,
  type Item,
  itemOf,
  readWhole,
  SourceError,
  withoutDigitGroups,
} from '../item.ts';

/** Badges have a few kilobytes; those with pictures in them a few hundred. */
export const BADGE_LENGTH_MAX = 4 * 1024 * 1024;
/** No text with a number is longer. */
const TEXT_LENGTH_MAX = 200;

/** The counter of the badge, and a note on the chosen number when there are several. */
export function* readBadge(svg: string, counter: string): Generator<Item> {
  const texts = textsOf(svg)
    .map(plain)
    .filter((text) => text !== '');
  let note: string | undefined;
  yield itemOf(1, () => {
    const last = texts.at(-1);
    if (last === undefined) {
      throw new SourceError(
        /<image\b/.test(svg)
          ? 'the digits of this badge are images, as in Moe-Counter: read them yourself, and import a list of one line, NAMESPACE/KEY,TOTAL'
          : 'there is no text in this picture',
      );
    }
    const total = numberIn(last);
    const other = texts.find(
      (text) => /^\d/.test(text) && text !== last && withoutDigitGroups(text),
    );
    if (last.includes('/'))
      note = `the badge shows ${excerpt(last)}: the second number, ${total}, is the total`;
    else if (other !== undefined)
      note = `the badge shows ${excerpt(other)} too: its last number, ${total}, is the total`;
    return counterWithTotal(counter, total);
  });
  if (note !== undefined) yield { note };
}

function numberIn(text: string): number {
  if (text.length > TEXT_LENGTH_MAX)
    throw new SourceError(`${excerpt(text)} is the text of this badge, and not a number`);
  const total = (/^\d[\d.,\s'’]*\/\s*(\S.*)$/.exec(text)?.[1] ?? text).trim();
  if (/^[\d.,]+\s*([kKmMgGbBtTwW]|万|億|亿)\+?$/.test(total)) {
    throw new SourceError(
      `${excerpt(total)} is abbreviated, and the exact number is unknown: choose a number, and import a list of one line, NAMESPACE/KEY,TOTAL`,
    );
  }
  const digits = withoutDigitGroups(total);
  if (digits === undefined)
    throw new SourceError(`${excerpt(text)} is the text of this badge, and not a number`);
  return readWhole(digits, 'total');
}

/** The content of each `text` element, without comments and tags. Runs in linear time. */
function textsOf(svg: string): string[] {
  const texts: string[] = [];
  let inside: string[] | undefined;
  for (let at = 0; at < svg.length; ) {
    const tag = svg.indexOf('<', at);
    if (tag === -1) break;
    inside?.push(svg.slice(at, tag));
    const isComment = svg.startsWith('<!--', tag);
    const end = isComment ? svg.indexOf('-->', tag + 4) : svg.indexOf('>', tag);
    if (end === -1) break;
    if (!isComment && /^<text[\s>]/.test(svg.slice(tag, tag + 6)))
      inside = svg[end - 1] === '/' ? undefined : [];
    if (inside && /^<\/text[\s>]/.test(svg.slice(tag, tag + 7))) {
      texts.push(inside.join(''));
      inside = undefined;
    }
    at = end + (isComment ? 3 : 1);
  }
  return texts;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** The visible text: entities are decoded, and each run of white space becomes one space. */
function plain(inside: string): string {
  return inside
    .replace(/&(#x?[0-9a-fA-F]{1,6}|[a-z]{2,6});/g, (whole, name: string) => {
      if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
      const code = name.startsWith('#x')
        ? Number.parseInt(name.slice(2), 16)
        : Number(name.slice(1));
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/\s+/g, ' ')
    .trim();
}
