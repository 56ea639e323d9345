/**
 * The colours that shields.io first gave its names, and that other services still draw. Not
 * here: its present ones (`images/badge.ts`).
 */
export const CLASSIC_COLOURS: Readonly<Record<string, string>> = {
  brightgreen: '#44cc11',
  green: '#97ca00',
  yellowgreen: '#a4a61d',
  yellow: '#dfb317',
  orange: '#fe7d37',
  red: '#e05d44',
  blue: '#007ec6',
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

/** The classic colour of a name in any case; `undefined` for another name. */
export function classicColour(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  return Object.hasOwn(CLASSIC_COLOURS, name) ? CLASSIC_COLOURS[name] : undefined;
}
