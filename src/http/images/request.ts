/**
 * Reads a request for a picture: the counter and the look. Not here: making the picture
 * (`images.ts`).
 */

import { z } from 'zod';
import { AppError } from '../../counter/errors.ts';
import { counterName, DEFAULT_COUNTER } from '../../counter/name.ts';
import { isZone } from '../../counter/periods.ts';
import { BADGE_STYLES, badgeColour } from '../../images/badge.ts';
import { CHART_THEMES } from '../../images/chart.ts';
import type { AppContext } from '../context.ts';
import { SHOWN } from './numbers.ts';

/** Longer words do not fit on a picture. */
const WORDS_LENGTH_MAX = 100;

/*
 * The look of a picture never decides whether a visit counts, so invalid values of it are ignored.
 * Only `count`, which decides that, and the content of a chart (`by`, `zone`) are refused when
 * invalid.
 */
const oneOf = <const T extends string>(words: readonly [T, ...T[]]) =>
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(words))
    .catch(words[0] as never);
const colour = z.string().transform(badgeColour).optional().catch(undefined);
const text = z
  .string()
  .transform((words) => Array.from(words).slice(0, WORDS_LENGTH_MAX).join(''));
const lang = z.string().refine(isLanguage).catch('en');

const Badge = z.object({
  count: z.enum(['yes', 'no']).default('yes'),
  show: oneOf(SHOWN),
  /** `12345`, `12,345` in the style of the language, or `12K`. */
  number: oneOf(['plain', 'grouped', 'short']),
  lang,
  label: text.default('visits'),
  style: oneOf(BADGE_STYLES),
  color: colour,
  labelColor: colour,
  /** The slug of a logo, which may not exist. */
  logo: z.string().optional(),
  logoColor: colour,
});
/** The parameters of a badge, checked. */
export type BadgeWanted = z.output<typeof Badge>;

const Chart = z.object({
  by: z.enum(['hour', 'day', 'month']).default('day'),
  zone: z.string().refine(isZone, 'is not a time zone, such as Europe/Berlin').default('UTC'),
  theme: oneOf(CHART_THEMES),
  title: text.optional(),
  lang,
});
/** The parameters of a chart, checked. */
export type ChartWanted = z.output<typeof Chart>;

/**
 * The look of a badge. Other parameters can make a URL unique for caches, and are ignored. Fails
 * with `request-invalid` when `count` is neither yes nor no.
 */
export function badgeWanted(c: AppContext): BadgeWanted {
  return queryAs(Badge, c);
}

/** The look of a chart. Fails with `request-invalid` when `by` or `zone` is invalid. */
export function chartWanted(c: AppContext): ChartWanted {
  return queryAs(Chart, c);
}

function queryAs<T>(schema: z.ZodType<T>, c: AppContext): T {
  const result = schema.safeParse(c.req.query());
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError(
    'request-invalid',
    `${issue?.path.join('.')} ${issue?.message}. See docs/images.md.`,
  );
}

/**
 * The counter of a path that ends in a file name, `hits.svg` or `ns/key.svg`. Fails with
 * `route-missing`, `name-invalid`.
 */
export function nameInFile(c: AppContext, ending: 'svg' | 'json' | 'gif'): string {
  const ns = c.req.param('ns');
  const file = c.req.param('file') ?? '';
  if (!file.endsWith(`.${ending}`)) {
    throw new AppError(
      'route-missing',
      `There is nothing here: the name of an image ends in .${ending}.`,
    );
  }
  const key = file.slice(0, -ending.length - 1);
  if (ns === undefined && key === DEFAULT_COUNTER) return key;
  return counterName(ns ?? key, ns === undefined ? '' : key);
}

/** Returns the function that formats the numbers of a badge. */
export function writer({ number, lang: language }: BadgeWanted): (value: number) => string {
  switch (number) {
    case 'plain':
      return String;
    case 'grouped':
      return (value) => value.toLocaleString(language);
    case 'short':
      // Rounds down: 1999 is 1.9K.
      return (value) =>
        value.toLocaleString(language, {
          notation: 'compact',
          maximumFractionDigits: 1,
          roundingMode: 'trunc',
        });
  }
}

function isLanguage(tag: string): boolean {
  try {
    return tag.length <= 35 && Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}
