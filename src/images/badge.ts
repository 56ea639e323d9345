/**
 * Badges: a label and a message as a small SVG, in the styles of shields.io. A pure function.
 *
 * The picture is safe for any text: text is escaped, characters that XML cannot hold are removed,
 * colours and fonts come from fixed lists, and it loads nothing. badge-maker draws it (decision
 * 9). It offers no choice of font, size or text colour, so these are changed in its SVG, whose
 * texts have a fixed width and so fit in any font. Not here: the text of a badge, and its headers.
 */
import { makeBadge } from 'badge-maker';
import { fromString } from 'css-color-converter';
import { xmlText } from './xml.ts';

/** The available styles. */
export const BADGE_STYLES = ['flat', 'flat-square', 'plastic', 'for-the-badge', 'social'] as const;
export type BadgeStyle = (typeof BADGE_STYLES)[number];

/** The available fonts as CSS; the badge contains none of them. */
const FAMILIES = {
  verdana: 'Verdana,DejaVu Sans,sans-serif',
  arial: 'Arial,Helvetica,sans-serif',
  'courier-new': 'Courier New,Courier,monospace',
  'jetbrains-mono': 'JetBrains Mono,Courier New,monospace',
} as const;

/** A font, by its key in the list of fonts. */
export interface BadgeFont {
  readonly family: keyof typeof FAMILIES;
  readonly bold: boolean;
  readonly italic: boolean;
}

/** The content and look of a badge. Colours are results of `badgeColour`. */
export interface Badge {
  /** Empty for a badge of one part. */
  readonly label: string;
  readonly message: string;
  readonly style?: BadgeStyle | undefined;
  /** The colour behind the message. */
  readonly colour?: string | undefined;
  /** The colour behind the label. */
  readonly labelColour?: string | undefined;
  /**
   * The text colour, a result of `cssColour`; without it, one that is readable on the background.
   * The style `social` ignores it.
   */
  readonly textColour?: string | undefined;
  readonly font?: BadgeFont | undefined;
  /** The size of the letters. The whole badge scales with it. */
  readonly fontSizePx?: number | undefined;
}

/**
 * The Content-Security-Policy of an SVG opened as a page: no script, no external resources, and no
 * access to its site.
 */
export const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** The font size of badge-maker. */
const FONT_SIZE_PX = 11;
/** Longer texts are cut: a picture of 2,000 pixels is no badge. */
export const TEXT_LENGTH_MAX = 200;
/** The colour names of shields.io. */
const NAMES = new Set(
  'brightgreen green yellow yellowgreen orange red blue grey gray lightgrey lightgray critical important success informational inactive'.split(
    ' ',
  ),
);

/**
 * A CSS colour, in any case, as `#` and 3, 4, 6 or 8 digits; `undefined` when it is invalid. It
 * may be a name, hexadecimal digits with or without `#`, `rgb()`, `rgba()`, `hsl()` or `hsla()`.
 */
export function cssColour(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  const digits = /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(wanted)?.[1];
  if (digits !== undefined) return `#${digits}`;
  try {
    return fromString(wanted)?.toHexString();
  } catch {
    // The library looks names up as properties of an object, and `constructor` is one of those.
    return undefined;
  }
}

/**
 * The same as `cssColour`, but returns the names of shields.io unchanged: it has its own colours
 * for some names of CSS.
 */
export function badgeColour(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  return NAMES.has(name) ? name : cssColour(text);
}

/** A font by its name, such as `arial-bold-italic`; `undefined` for an unknown name. */
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
  // In this order, because the cut may leave half a character.
  return xmlText(text.slice(0, TEXT_LENGTH_MAX));
}

/**
 * Changes the colour of the group of texts, and removes that of texts on a bright background. Only
 * tags match, because escaped text cannot contain one.
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
