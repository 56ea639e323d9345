/**
 * The parameters of a komarev badge, and what they make of its number. As in
 * https://github.com/antonkomarev/github-profile-views-counter, an unknown style is flat, and a
 * wrong colour or base a mistake.
 */
import { BADGE_STYLES, type BadgeStyle, drawBadge } from '../../../images/badge.ts';
import { PRIVATE } from '../../images/numbers.ts';
import { colourOf, extraIn, namedColour, withCommas } from '../badge.ts';

/** What a badge looks like. */
export interface Look {
  readonly label: string;
  readonly style: BadgeStyle;
  /** Whether it is an empty picture of one pixel. */
  readonly pixel: boolean;
  readonly colour: string;
  /** Added to the shown number, and not stored. */
  readonly base: number;
  /** `12.3K` in the place of `12,345`. */
  readonly abbreviated: boolean;
  /** What is wrong in the query. */
  readonly mistake: string | undefined;
}

/** The picture of the style `pixel`. */
export const PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';

const STYLES = BADGE_STYLES.filter((style) => style !== 'social');
const UNITS = ['', 'K', 'M', 'B', 'T', 'Qa', 'Qi'] as const;

/** The look that a query asks for. */
export function lookOf(query: URLSearchParams): Look {
  const style = query.get('style') ?? 'flat';
  const colour = query.get('color') ?? 'blue';
  const base = query.get('base') ?? '0';
  // Of the colours of CSS only six digits, with or without `#`.
  const known = /^#?[\da-f]{6}$/i.test(colour) ? colourOf(colour) : namedColour(colour);
  return {
    label: unescaped(query.get('label') ?? 'Profile views'),
    style: STYLES.find((name) => name === style) ?? 'flat',
    pixel: style === 'pixel',
    colour: known ?? '#007ec6',
    base: Number(base) + extraIn(query),
    abbreviated: !['', '0'].includes(query.get('abbreviated') ?? ''),
    mistake:
      known === undefined
        ? `Color not valid ${colour}`
        : Number.isSafeInteger(Number(base)) && /^\d+$/.test(base)
          ? undefined
          : 'Base must contain only digits',
  };
}

/** As on shields.io: `_` is a space, `__` an underscore, and `--` a hyphen. */
function unescaped(label: string): string {
  return label
    .replaceAll('--', '-')
    .replaceAll(/_{1,2}/g, (underscores) => (underscores === '_' ? ' ' : '_'));
}

/** The number as the badge shows it; `null` for that of a private counter. */
export function writtenAs({ base, abbreviated }: Look, total: number | null): string {
  if (total === null) return PRIVATE;
  const shown = total + base;
  if (!abbreviated) return withCommas(shown);
  let [rest, unit] = [shown, 0];
  while (rest >= 1000 && unit < UNITS.length - 1) [rest, unit] = [rest / 1000, unit + 1];
  return `${Number(rest.toFixed(1))}${UNITS[unit]}`;
}

/** A red badge that tells a mistake. */
export function drawError({ label, style }: Look, message: string): string {
  return drawBadge({ label, style, message, colour: '#e05d44' });
}
