/**
 * Links between our pages. Where the query of a page names its language (`?lang=`), the links in
 * it do, too. Pure functions.
 */
import { type Language, languageOf } from '../languages/languages.ts';

/** A link to one of our paths, in a page with this query. A fragment may follow the path. */
export function linkTo(path: string, query: string): string {
  if (query === '') return path;
  const language = languageOf(new URLSearchParams(query).get('lang') ?? '');
  if (language === undefined) return path;
  const [before = '', ...fragment] = path.split('#');
  const separator = before.includes('?') ? '&' : '?';
  return [`${before}${separator}lang=${language}`, ...fragment].join('#');
}

/** A link from the page with this query to itself in another language. */
export function linkToLanguage(language: Language, query: string): string {
  if (query === '') return `?lang=${language}`;
  const parameters = new URLSearchParams(query);
  parameters.set('lang', language);
  return `?${parameters.toString()}`;
}
