/**
 * The number on a badge: an SVG file that a service has drawn, often all that is left of a counter whose service died.
 *
 * The number is in the last text of the picture: shields and its likes, visitor-badge and hits.sh write it there alone, hits.seeyoufarm.com as
 * `TODAY / TOTAL`. Digits that are pictures cannot be read, and an abbreviated number is not the number.
 */
import type { Archived } from '../counter/archive.ts';
import { bare, readWhole, shown, Wrong } from './item.ts';

/** The counter that the badge shows. Fails with `Wrong`. */
export function readBadge(svg: string, counter: string): Archived {
  const texts = [...svg.replace(/<!--[\s\S]*?-->/g, '').matchAll(/<text\b[^>]*>([\s\S]*?)<\/text\s*>/g)].map(
    ([, inside = '']) => plain(inside),
  );
  const last = texts.findLast((text) => text !== '');
  if (last === undefined) {
    throw new Wrong(
      /<image\b/.test(svg)
        ? 'the digits of this badge are pictures, as those of Moe-Counter are: look at it, and import a list of one line, NAMESPACE/KEY,TOTAL'
        : 'there is no text in this picture',
    );
  }
  return bare(counter, numberIn(last));
}

function numberIn(text: string): number {
  const total = /^\s*\d[\d.,\s'’]*\/\s*(\S.*)$/.exec(text)?.[1] ?? text;
  if (/^[\d.,]+\s*([kKmMgGbBtTwW]|万|億|亿)\+?$/.test(total)) {
    throw new Wrong(
      `${shown(total)} is abbreviated, and the number behind it is not known: import a list of one line, NAMESPACE/KEY,TOTAL, with the number that you settle on`,
    );
  }
  const digits = withoutSeparators(total.trim());
  if (digits === undefined) throw new Wrong(`${shown(text)} is no number, and it is what this badge shows`);
  return readWhole(digits, 'total');
}

/** The digits of `1,234,567`, `1.234.567`, `1 234 567`, `1’234’567` or `12,34,567`; `undefined` for what is no whole number. */
function withoutSeparators(text: string): string | undefined {
  if (/^\d+$/.test(text)) return text;
  const separator = /^\d{1,3}([.,'’ ])/.exec(text)?.[1];
  if (separator === undefined) return undefined;
  const groups = text.split(separator);
  const middle = groups.slice(1, -1);
  const even =
    middle.every((group) => /^\d{3}$/.test(group)) || middle.every((group) => /^\d{2}$/.test(group));
  return even && /^\d{3}$/.test(groups.at(-1) ?? '') ? groups.join('') : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Text as it is seen: without tags, with entities resolved, blanks of all kinds as one. */
function plain(inside: string): string {
  return inside
    .replace(/<[^>]*>/g, '')
    .replace(/&(#x?[0-9a-fA-F]{1,6}|[a-z]{2,6});/g, (whole, name: string) => {
      if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
      const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/\s+/g, ' ')
    .trim();
}
