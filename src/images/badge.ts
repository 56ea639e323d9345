/**
 * Badges: a label and a message as a small SVG, in the styles of shields.io. A pure function.
 *
 * The picture is safe whatever its words are: they are escaped, what XML cannot hold is left out,
 * colours and fonts are of closed lists, and nothing in it comes from elsewhere. Drawn by
 * badge-maker (decision 9), which has no font, size or text colour to choose: these are laid over
 * its picture, whose words are stretched to a width and so fit in any font. Not here: what stands
 * on a badge, and its headers.
 */
import { makeBadge } from 'badge-maker';
import { fromString } from 'css-color-converter';
import { xmlText } from './xml.ts';

/** The styles that there are. */
export const BADGE_STYLES = ['flat', 'flat-square', 'plastic', 'for-the-badge', 'social'] as const;
export type BadgeStyle = (typeof BADGE_STYLES)[number];

/** The fonts that a badge may ask for, as CSS has them: none is sent along. */
const FAMILIES = {
  verdana: 'Verdana,DejaVu Sans,sans-serif',
  arial: 'Arial,Helvetica,sans-serif',
  'courier-new': 'Courier New,Courier,monospace',
  'jetbrains-mono': 'JetBrains Mono,Courier New,monospace',
} as const;

export interface BadgeFont {
  readonly family: keyof typeof FAMILIES;
  readonly bold: boolean;
  readonly italic: boolean;
}

/** What is on a badge. Colours are what `badgeColour` answers. */
export interface Badge {
  /** Empty for a badge of one part. */
  readonly label: string;
  readonly message: string;
  readonly style?: BadgeStyle | undefined;
  /** Behind the message. */
  readonly colour?: string | undefined;
  /** Behind the label. */
  readonly labelColour?: string | undefined;
  /**
   * Of the words, as `cssColour` answers it; without it, what can be read on the colour. Not in
   * the style `social`.
   */
  readonly textColour?: string | undefined;
  readonly font?: BadgeFont | undefined;
  /** The size of its letters, to which all of it is scaled. */
  readonly fontSizePx?: number | undefined;
}

/**
 * The Content-Security-Policy of an SVG that is opened by itself: no script, nothing from
 * elsewhere, and no part of its site.
 */
export const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** What badge-maker draws at. */
const FONT_SIZE_PX = 11;
/** Longer words are cut: a picture of 2,000 pixels is no badge. */
export const TEXT_LENGTH_MAX = 200;
const NAMES = new Set(
  'brightgreen green yellow yellowgreen orange red blue grey gray lightgrey lightgray critical important success informational inactive'.split(
    ' ',
  ),
);

/**
 * A colour as CSS writes it, in any case, as `#` and 3, 4, 6 or 8 digits; `undefined` when it is
 * none. It may be a name, hexadecimal digits with or without `#`, `rgb()`, `rgba()`, `hsl()` or
 * `hsla()`.
 */
export function cssColour(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  const digits = /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(wanted)?.[1];
  if (digits !== undefined) return `#${digits}`;
  try {
    return fromString(wanted)?.toHexString();
  } catch {
    // The library looks names up among the properties of an object, and `constructor` is one of
    // those.
    return undefined;
  }
}

/**
 * The same, where a name may also be one of shields.io, which has colours of its own for some
 * names of CSS.
 */
export function badgeColour(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  return NAMES.has(name) ? name : cssColour(text);
}

/** A font by its name, as in `arial-bold-italic`; `undefined` when there is none of this name. */
export function badgeFont(name: string): BadgeFont | undefined {
  const [, family = '', bold, italic] = /^(.+?)(-bold)?(-italic)?$/.exec(name) ?? [];
  if (!Object.hasOwn(FAMILIES, family)) return undefined;
  return {
    family: family as keyof typeof FAMILIES,
    bold: bold !== undefined,
    italic: italic !== undefined,
  };
}

/** The badge as the text of an SVG. */
export function drawBadge(badge: Badge): string {
  const {
    style = 'flat',
    colour,
    labelColour,
    textColour,
    font,
    fontSizePx = FONT_SIZE_PX,
  } = badge;
  let svg = makeBadge({
    label: words(badge.label),
    message: words(badge.message),
    style,
    ...(colour === undefined ? {} : { color: colour }),
    ...(labelColour === undefined ? {} : { labelColor: labelColour }),
  });
  if (textColour !== undefined && style !== 'social') svg = withTextColour(svg, textColour);
  if (font !== undefined) svg = withFont(svg, font);
  return fontSizePx === FONT_SIZE_PX ? svg : scaled(svg, fontSizePx / FONT_SIZE_PX);
}

function words(text: string): string {
  // In this order: the cut may leave half a character.
  return xmlText(text.slice(0, TEXT_LENGTH_MAX));
}

/**
 * The group of the words has the colour; words on a bright ground have one of their own. Words
 * themselves hold no tags.
 */
function withTextColour(svg: string, colour: string): string {
  return svg
    .replace('<g fill="#fff" text-anchor', `<g fill="${colour}" text-anchor`)
    .replaceAll(/(<text [^>]*?) fill="#333"/g, '$1');
}

function withFont(svg: string, { family, bold, italic }: BadgeFont): string {
  const more = `${bold ? ' font-weight="bold"' : ''}${italic ? ' font-style="italic"' : ''}`;
  return svg.replace(/ font-family="[^"]*"/, ` font-family="${FAMILIES[family]}"${more}`);
}

function scaled(svg: string, factor: number): string {
  return svg.replace(/ width="([\d.]+)" height="([\d.]+)"/, (_, width: string, height: string) => {
    const to = (length: string) => Number((Number(length) * factor).toFixed(2));
    return ` width="${to(width)}" height="${to(height)}" viewBox="0 0 ${width} ${height}"`;
  });
}
