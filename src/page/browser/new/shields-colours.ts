/** The names of shields.io with the colours that badges have (images/shields-colours.ts). */
export const SHIELDS: Readonly<Record<string, string>> = {
  brightgreen: '#44bb00',
  success: '#44bb00',
  green: '#67ac09',
  yellowgreen: '#95991a',
  yellow: '#d8b800',
  orange: '#ea7233',
  important: '#ea7233',
  red: '#dd4343',
  critical: '#dd4343',
  blue: '#007ec6',
  informational: '#007ec6',
  grey: '#555555',
  gray: '#555555',
  lightgrey: '#939393',
  lightgray: '#939393',
  inactive: '#939393',
};
