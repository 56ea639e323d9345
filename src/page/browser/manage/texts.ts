/** The texts of the page, and numbers and dates, in the language of the page. */
import {
  counted,
  formatNumber,
  formatWholeDuration,
  type Plural,
} from '../../../languages/format.ts';
import type { Words } from '../../../languages/languages.ts';
import { pageData, pageLanguage } from '../data.ts';

/** The texts of the page. */
export type ManageWords = Words['manage'];

let known: ManageWords | undefined;

/** The texts, which the server wrote into the page. */
export function words(): ManageWords {
  known ??= pageData<{ manage: ManageWords }>().manage;
  return known;
}

/** A number as people write it. */
export function number(value: number): string {
  return formatNumber(value, pageLanguage());
}

/** A range of numbers, as in `1–50`. */
export function numbers(from: number, to: number): string {
  // For equal numbers it would say that they are about this one.
  if (from === to) return number(from);
  return new Intl.NumberFormat(pageLanguage()).formatRange(from, to);
}

/** A text with a number, in the right plural form. */
export function plural(text: Plural, count: number): string {
  return counted(text, count, pageLanguage());
}

/** The day of a time in ISO 8601; empty when it is unknown. */
export function day(time: string | null): string {
  if (time === null) return '';
  return new Date(time).toLocaleDateString(pageLanguage(), { dateStyle: 'medium' });
}

/** A size, as in `1.5 MB`. */
export function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toLocaleString(pageLanguage(), {
    style: 'unit',
    unit: 'megabyte',
    maximumFractionDigits: 1,
  });
}

/** A duration in the largest unit in which it is a whole number: `30 minutes`. */
export function duration(seconds: number): string {
  return formatWholeDuration(seconds, pageLanguage());
}
