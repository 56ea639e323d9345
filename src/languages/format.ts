/**
 * Puts numbers and names into the texts of a language. Pure functions, for the server and for
 * browsers. Not here: the texts (a JSON file for each language).
 */

/** A text in the plural forms of a language, by the categories of `Intl.PluralRules`. */
export type Plural = { readonly [category in Intl.LDMLPluralRule]?: string } & {
  readonly other: string;
};

/** Replaces each `{name}` in a text by the value of that name. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/**
 * The form for this number, with the number in place of `{count}`, grouped as in the language.
 * `language` is a tag such as `zh-Hans`.
 */
export function counted(text: Plural, count: number, language: string): string {
  const form = text[new Intl.PluralRules(language).select(count)] ?? text.other;
  return fill(form, { count: count.toLocaleString(language) });
}
