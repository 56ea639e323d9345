/**
 * The names of colours on shields.io, for badges and for the colour pickers of `/new`. badge-maker
 * knows them too, but does not export them.
 */

const GREEN = '#4b0';
const RED = '#dd4343';
const ORANGE = '#ea7233';
const BLUE = '#007ec6';
const GREY = '#555';
const LIGHT_GREY = '#939393';

/** Each name with its colour. */
export const SHIELDS_COLOURS: Readonly<Record<string, string>> = {
  brightgreen: GREEN,
  green: '#67ac09',
  yellow: '#d8b800',
  yellowgreen: '#95991a',
  orange: ORANGE,
  red: RED,
  blue: BLUE,
  grey: GREY,
  gray: GREY,
  lightgrey: LIGHT_GREY,
  lightgray: LIGHT_GREY,
  critical: RED,
  important: ORANGE,
  success: GREEN,
  informational: BLUE,
  inactive: LIGHT_GREY,
};
