/**
 * The parameters of a badge of hits.sh. As on hits.sh, an unknown style, view or colour has its
 * default, and an `extraCount` that is no whole number is a mistake.
 */
import { BADGE_STYLES, type BadgeStyle } from '../../../images/badge.ts';
import { logoOf } from '../../../images/logo-files.ts';
import { drawNumberedBadge } from '../../../images/numbered-badge.ts';
import { PRIVATE, todayAndTotal } from '../../images/numbers.ts';
import { colourOf, extraIn, withCommas } from '../badge.ts';
import { wholeNumber } from '../shared.ts';

/** What a badge looks like. */
export interface Look {
  readonly label: string;
  readonly style: BadgeStyle;
  readonly colour: string;
  readonly labelColour: string;
  /** The slug of a logo, which may not exist; empty for none. */
  readonly logo: string;
  /** Whether today's visits are in front of the total. */
  readonly withToday: boolean;
  /** Added to the shown total, and not stored. */
  readonly extra: number;
}

/** The numbers of a badge. */
export interface Numbers {
  /** `null` for a private counter. */
  readonly total: number | null;
  /** `undefined` for a badge without it. */
  readonly today: number | undefined;
}

/** The look that a query asks for; `undefined` for a mistake. */
export function lookOf(query: URLSearchParams): Look | undefined {
  const word = (name: string) => (query.get(name) ?? '').toLowerCase();
  const extra = wholeNumber(query.get('extraCount') || '0');
  if (extra === undefined) return undefined;
  return {
    label: query.get('label') || 'hits',
    style: BADGE_STYLES.find((style) => style === word('style')) ?? 'flat',
    colour: colourOf(word('color').trim()) ?? '#4c1',
    labelColour: colourOf(word('labelColor').trim()) ?? '#555',
    logo: query.get('logo') ?? '',
    withToday: word('view') === 'today-total',
    extra: extra + extraIn(query),
  };
}

/** The badge as the text of an SVG. */
export async function draw(look: Look, { total, today }: Numbers): Promise<string> {
  const { label, style, colour, labelColour, extra } = look;
  const shown = total === null ? PRIVATE : withCommas(total + extra);
  const ofToday = total === null || today === undefined ? undefined : withCommas(today);
  const message = todayAndTotal(ofToday, shown);
  const logo = await logoOf(look.logo);
  return drawNumberedBadge({ label, style, colour, labelColour, message, logo });
}
