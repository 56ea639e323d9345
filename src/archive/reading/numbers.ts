/** Parses whole numbers as people, spreadsheets and badges write them. */
import { excerpt, SourceError } from '../item.ts';

/**
 * Spaces that separate groups: narrow and non-breaking ones, as spreadsheets write them.
 */
const BLANKS = /[\u00A0\u2009\u202F]/g;

/**
 * A whole number that JSON carries exactly, with or without separators between its groups of
 * digits. `1.234` and `1,234` are refused: one country's thousand is another's fraction. Fails
 * with `SourceError`.
 */
export function readWhole(text: string, what: string): number {
  if (/^-?\d{1,3}[.,]\d{3}$/.test(text)) {
    const digits = text.replace(/[.,]/, '');
    throw new SourceError(
      `${excerpt(text)} is ambiguous: it may be the ${what} ${digits} or a fraction. Write digits only`,
    );
  }
  const sign = text.startsWith('-') ? '-' : '';
  const digits = withoutDigitGroups(text.slice(sign.length));
  if (digits === undefined || digits.length > 400) {
    const rounded = /^-?\d+([.,]\d+)?e\+?\d+$/i.test(text);
    throw new SourceError(
      rounded
        ? `${excerpt(text)} is not a ${what}: a spreadsheet has rounded it. Format the column as numbers without decimals`
        : `${excerpt(text)} is not a ${what}: write a whole number with digits only, as in 1234`,
    );
  }
  const number = Number(sign + digits);
  if (!Number.isSafeInteger(number)) {
    throw new SourceError(
      `${excerpt(text)} is out of range: a ${what} is between -${Number.MAX_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
    );
  }
  // Normalises -0.
  return number === 0 ? 0 : number;
}

/**
 * The digits of `1,234,567`, `1.234.567`, `1 234 567`, `1’234’567` or `12,34,567`; `undefined` for
 * what is not a whole number.
 */
export function withoutDigitGroups(written: string): string | undefined {
  if (/^\d+$/.test(written)) return written;
  const text = written.replace(BLANKS, ' ');
  const separator = /^\d{1,3}([.,'’ ])/.exec(text)?.[1];
  if (separator === undefined) return undefined;
  const groups = text.split(separator);
  const middle = groups.slice(1, -1);
  const even =
    middle.every((group) => /^\d{3}$/.test(group)) ||
    middle.every((group) => /^\d{2}$/.test(group));
  return even && /^\d{3}$/.test(groups.at(-1) ?? '') ? groups.join('') : undefined;
}

/** Whether a cell is meant as a number, well written or not. */
export function looksLikeNumber(text: string): boolean {
  return /^[-+]?\d[\d.,'’\s]*(e\+?\d+)?$/i.test(text);
}
