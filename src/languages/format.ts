/**
 * Puts numbers and names into the texts of a language, and writes numbers and durations as the
 * language does. Pure functions, for the server and for browsers. Not here: the texts (a JSON file
 * for each language).
 *
 * A language is a tag such as `zh-Hans`. What `Intl` needs for a language is made once, because it
 * takes longer than writing the rest of a page.
 */

/** A text in the plural forms of a language, by the categories of `Intl.PluralRules`. */
export type Plural = { readonly [category in Intl.LDMLPluralRule]?: string } & {
  readonly other: string;
};

/** Replaces each `{name}` in a text by the value of that name. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The form for this number, with the number in place of `{count}`, grouped as in the language. */
export function counted(text: Plural, count: number, language: string): string {
  return fill(formFor(text, count, language), { count: formatNumber(count, language) });
}

/** The form for this number without the number, to be shown after it: `visits`. */
export function labelFor(text: Plural, count: number, language: string): string {
  return fill(formFor(text, count, language), { count: '' }).trim();
}

function formFor(text: Plural, count: number, language: string): string {
  return text[rulesOf(language).select(count)] ?? text.other;
}

/** The number, grouped as in the language. */
export function formatNumber(value: number, language: string): string {
  return formatOf(language, {}).format(value);
}

/** The number in few characters, such as `1.2K`, for scales. */
export function formatShort(value: number, language: string): string {
  return formatOf(language, { notation: 'compact' }).format(value);
}

/** A part of 1 in percent. */
export function formatPercent(part: number, language: string): string {
  return formatOf(language, { style: 'percent', maximumFractionDigits: 0 }).format(part);
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A duration in its largest whole unit, abbreviated: `3 days`, `2 hr`, `5 min`, `12 sec`. */
export function formatDuration(ms: number, language: string): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [unit, length] = UNITS.find(([, one]) => seconds >= one) ?? ['second', 1];
  const options = { style: 'unit', unit, unitDisplay: 'short' } as const;
  return formatOf(language, options).format(Math.floor(seconds / length));
}

/** A duration in the largest unit in which it is a whole number: `30 minutes`. */
export function formatWholeDuration(seconds: number, language: string): string {
  const [unit, length] = UNITS.find(([, one]) => seconds % one === 0) ?? ['second', 1];
  const options = { style: 'unit', unit, unitDisplay: 'long' } as const;
  return formatOf(language, options).format(seconds / length);
}

const rules = new Map<string, Intl.PluralRules>();

function rulesOf(language: string): Intl.PluralRules {
  const made = rules.get(language) ?? new Intl.PluralRules(language);
  rules.set(language, made);
  return made;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const { notation = '', style = '', unit = '', unitDisplay = '' } = options;
  const key = `${language} ${notation}${style}${unit}${unitDisplay}`;
  const made = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, made);
  return made;
}
