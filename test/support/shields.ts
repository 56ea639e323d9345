/**
 * Badges as shields.io draws them: by badge-maker, which is its renderer, with the logo that its
 * server makes of simple-icons (https://github.com/badges/shields/blob/master/lib/logos.js and
 * load-simple-icons.js). Written from there, not from our own drawing.
 */
import { makeBadge } from 'badge-maker';
import { fromString } from 'css-color-converter';
import * as icons from 'simple-icons';
import type { BadgeStyle } from '../../src/images/badge.ts';

/** The parameters of a badge, in the words of shields.io. */
export interface ShieldsBadge {
  readonly label: string;
  readonly message: string;
  readonly style: BadgeStyle;
  readonly color: string;
  readonly labelColor?: string;
  readonly logo?: string;
  /** As in CSS. */
  readonly logoColor?: string;
}

/** The badge as the text of an SVG. */
export function shieldsBadge({ logo, logoColor, ...format }: ShieldsBadge): string {
  if (logo === undefined) return makeBadge(format);
  return makeBadge({ ...format, logoBase64: namedLogo(logo, format.style, logoColor) });
}

function namedLogo(slug: string, style: BadgeStyle, color: string | undefined): string {
  const icon = Object.values(icons).find((each) => each.slug === slug);
  if (!icon) throw new Error(`simple-icons has no ${slug}`);
  const styles = { default: `#${icon.hex}`, light: 'whitesmoke', dark: '#333' };
  const fill = color ?? styles[iconStyle(icon.hex, style)];
  const svg = icon.svg.replace('<svg', `<svg fill="${fill}"`);
  return `data:image/svg+xml;base64,${Buffer.from(svg.trim()).toString('base64')}`;
}

function iconStyle(hex: string, style: BadgeStyle): 'default' | 'light' | 'dark' {
  const [red = 0, green = 0, blue = 0] = fromString(`#${hex.toLowerCase()}`)?.toRgbaArray() ?? [];
  const brightness = +((red * 299 + green * 587 + blue * 114) / 255_000).toFixed(2);
  if (style !== 'social' && brightness <= 0.4) return 'light';
  return style === 'social' && brightness >= 0.6 ? 'dark' : 'default';
}

const LOGO = /data:image\/svg\+xml;base64,([\w+/=]+)/;

/**
 * A badge with the SVG of its logo as text, and without that logo's title, which nobody can see or
 * hear in a picture inside a picture.
 */
export function withPlainLogo(badge: string): string {
  return badge.replace(LOGO, (_, base64: string) => {
    const svg = Buffer.from(base64, 'base64').toString();
    return svg.replace(/<title>[^<]*<\/title>/, '').replaceAll('"', "'");
  });
}
