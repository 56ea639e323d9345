/**
 * The colours that badges of other services have by name. shields.io, and with it badge-maker, has
 * changed its colours since.
 */

const COLOURS: Readonly<Record<string, string>> = {
  brightgreen: '#44cc11',
  green: '#97ca00',
  yellowgreen: '#a4a61d',
  yellow: '#dfb317',
  orange: '#fe7d37',
  red: '#e05d44',
  blue: '#007ec6',
  blueviolet: '#8a2be2',
  lightgrey: '#9f9f9f',
  lightgray: '#9f9f9f',
  grey: '#555555',
  gray: '#555555',
  success: '#44cc11',
  important: '#fe7d37',
  critical: '#e05d44',
  informational: '#007ec6',
  inactive: '#9f9f9f',
};

/** The colour of this name, in lower case, as `#` and six digits; `undefined` for other names. */
export function namedColour(name: string): string | undefined {
  return Object.hasOwn(COLOURS, name) ? COLOURS[name] : undefined;
}
