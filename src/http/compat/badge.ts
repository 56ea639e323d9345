/** Shared by the services that answer with badges. */
import type { History } from '../../contract/history.ts';
import type { Registry } from '../../contract/registry.ts';
import { visitsToday } from '../../counter/periods.ts';
import { cssColour } from '../../images/badge.ts';
import { type CountVisit, visibleTotal } from '../visit/counting.ts';

/** What these services need. */
export interface BadgeParts {
  readonly registry: Pick<Registry, 'describe'>;
  readonly history: Pick<History, 'read'>;
  readonly count: CountVisit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The total that everybody may read: 0 for a missing counter, `null` for a private one. */
export async function publicTotal(
  { registry }: Pick<BadgeParts, 'registry'>,
  name: string,
): Promise<number | null> {
  return visibleTotal(await registry.describe(name), false);
}

/** Today's visits (UTC) of a counter; 0 for a missing one. */
export async function today({ history, now }: BadgeParts, name: string): Promise<number> {
  return visitsToday(await history.read(name), now());
}

/**
 * The number that `extra=` of a query adds to the shown total of a badge of any service, and that
 * is not stored; 0 when it is missing or not a whole number from 0 on.
 */
export function extraIn(query: URLSearchParams): number {
  const text = query.get('extra') ?? '';
  const extra = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(extra) ? extra : 0;
}

/** A whole number with a comma before each three digits, as in `12,345`. */
export function withCommas(value: number): string {
  return value.toLocaleString('en');
}

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

/** A colour by its name on badges, or as in CSS; `undefined` when it is neither. */
export function colourOf(text: string): string | undefined {
  return namedColour(text) ?? cssColour(text);
}
