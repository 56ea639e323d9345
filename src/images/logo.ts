/**
 * The logo of a brand as a picture for a badge, in the same colours as on shields.io
 * (https://github.com/badges/shields/blob/master/lib/logos.js). A pure function. Not here: the
 * logos themselves (`logo-files.ts`).
 */

/** A logo of simple-icons. */
export interface Logo {
  /** Its name in URLs, such as `github`. */
  readonly slug: string;
  /** The colour of the brand, six hexadecimal digits. */
  readonly hex: string;
  /** The path of an SVG of 24 by 24. */
  readonly path: string;
}

/** Brands at most as bright as this do not stand out on the dark label of most styles. */
const DARK_MAX = 0.4;
/** Brands at least as bright as this do not stand out on the white label of `social`. */
const BRIGHT_MIN = 0.6;

/**
 * The logo as a URL with its content. `isSocial`: for the style `social`, whose label is white.
 * Without `colour`, a colour of SVG, it has that of its brand, or a light or dark one if that
 * would not stand out.
 */
export function logoUrl({ hex, path }: Logo, isSocial: boolean, colour?: string): string {
  const fill = colour ?? colourOn(hex, isSocial);
  const svg = `<svg fill="${fill}" role="img" viewBox="0 0 24 24" xmlns="http://www.w3.org/2000/svg"><path d="${path}"/></svg>`;
  return `data:image/svg+xml;base64,${btoa(svg)}`;
}

function colourOn(hex: string, isSocial: boolean): string {
  if (!isSocial && brightness(hex) <= DARK_MAX) return 'whitesmoke';
  if (isSocial && brightness(hex) >= BRIGHT_MIN) return '#333';
  return `#${hex}`;
}

/** 0 for black to 1 for white, in hundredths. */
function brightness(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) =>
    Number.parseInt(hex.slice(at, at + 2), 16),
  );
  return Number(((red * 299 + green * 587 + blue * 114) / 255_000).toFixed(2));
}
