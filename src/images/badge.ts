/**
 * Badges: a label and a message as a small SVG, in the styles of shields.io. A pure function.
 *
 * The picture is safe for any text: text is escaped, characters that XML cannot hold are removed,
 * colours, fonts and logos come from fixed lists, and it loads nothing. badge-maker draws it
 * (decision 9). It offers no choice of font, size or text colour, so these are changed in its SVG,
 * whose texts have a fixed width and so fit in any font. Not here: the text of a badge, its
 * headers, and where logos come from (`logo-files.ts`).
 */
import type * as BadgeMaker from 'badge-maker';
import { fromString } from 'css-color-converter';
import { type Logo, logoUrl } from './logo.ts';
import { SHIELDS_COLOURS } from './shields-colours.ts';
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
  /** A logo in front of the label. */
  readonly logo?: Logo | undefined;
  /** The colour of the logo; without it, its own or one that stands out. */
  readonly logoColour?: string | undefined;
}

/**
 * The Content-Security-Policy of an SVG opened as a page: no script, no external resources, and no
 * access to its site.
 */
export const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/** The same for an SVG that contains other pictures, such as logos or digits. */
export const EMBEDDING_POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

/**
 * The library, loaded for the first badge: its table of the widths of letters takes each replica
 * 4 MB, and many never draw a badge.
 */
const badgeMaker = (): typeof BadgeMaker => require('badge-maker');

/** What stands for a logo in a drawing. */
const PLACE = 'logo';
/** The font size of badge-maker. */
const FONT_SIZE_PX = 11;
/** Longer texts are cut: a picture of 2,000 pixels is no badge. */
export const TEXT_LENGTH_MAX = 200;
/**
 * A colour as CSS writes it today, with spaces and a slash: `hsl(120 100% 50% / .5)`. No two parts
 * can match the same text, so that matching takes time in proportion to its length.
 */
const MODERN =
  /^((?:rgb|hsl)a?\()\s*([^\s,/]+)\s+([^\s,/]+)\s+([^\s,/]+?)\s*(?:\/\s*([^\s,/]+?)\s*)?\)$/;

/**
 * A CSS colour, in any case, as `#` and 3, 4, 6 or 8 digits; `undefined` when it is invalid. It
 * may be a name, hexadecimal digits with or without `#`, `rgb()`, `rgba()`, `hsl()` or `hsla()`,
 * with whole numbers, and an alpha value or none, with commas or without.
 */
export function cssColour(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  const digits = /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(wanted)?.[1];
  if (digits !== undefined) return `#${digits}`;
  try {
    return fromString(oldSyntax(wanted))?.toHexString();
  } catch {
    // The library looks names up as properties of an object, and `constructor` is one of those.
    return undefined;
  }
}

/** css-color-converter knows `hsl()` only with commas. */
function oldSyntax(text: string): string {
  return text.replace(MODERN, (_, begin: string, ...parts: (string | undefined)[]) => {
    const given = parts.slice(0, 4).filter((part) => part !== undefined);
    return `${begin}${given.join(',')})`;
  });
}

/**
 * The same as `cssColour`, but returns the names of shields.io unchanged: it has its own colours
 * for some names of CSS.
 */
export function badgeColour(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  return Object.hasOwn(SHIELDS_COLOURS, name) ? name : cssColour(text);
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
  return withLogo(drawWithoutLogo(badge), badge);
}

/** The same, but with an empty place for the logo, if the badge has one. */
export function drawWithoutLogo(badge: Badge): string {
  const {
    style = 'flat',
    colour,
    labelColour,
    textColour,
    font,
    fontSizePx = FONT_SIZE_PX,
    logo,
  } = badge;
  let svg = badgeMaker().makeBadge({
    label: words(badge.label),
    message: words(badge.message),
    style,
    ...(colour === undefined ? {} : { color: colour }),
    ...(labelColour === undefined ? {} : { labelColor: labelColour }),
    ...(logo && { logoBase64: PLACE }),
  });
  if (textColour !== undefined && style !== 'social') svg = withTextColour(svg, textColour);
  if (font !== undefined) svg = withFont(svg, font);
  return fontSizePx === FONT_SIZE_PX ? svg : scaled(svg, fontSizePx / FONT_SIZE_PX);
}

/**
 * Puts the logo of a badge into its drawing. Some logos have 70 kB, which badge-maker would check
 * for milliseconds.
 */
export function withLogo(svg: string, { logo, logoColour, style }: Badge): string {
  if (!logo) return svg;
  const colour = SHIELDS_COLOURS[logoColour ?? ''] ?? logoColour;
  // Only the attribute matches, because in escaped text there are no quotes.
  return svg.replace(`"${PLACE}"`, () => `"${logoUrl(logo, style === 'social', colour)}"`);
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
