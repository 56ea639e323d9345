/** Formats numbers and times in the browser's language. */

const WHOLE = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact' });
const PART = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

export const formatNumber = (value: number): string => WHOLE.format(value);
/** In few characters, for scales. */
export const formatShort = (value: number): string => SHORT.format(value);
export const formatPercent = (part: number): string => PART.format(part);
