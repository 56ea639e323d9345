/**
 * The language of a page for a request: that of `?lang=`, or the one that the browser prefers
 * (`Accept-Language`), or English. Not here: links that keep it (`page/links.ts`).
 */
import { parseAccept } from 'hono/utils/accept';
import { type Language, languageOf } from '../../languages/languages.ts';
import type { AppContext } from '../context.ts';

/** Longer headers are ignored, because reading them takes long. Browsers send less than 100. */
const LENGTH_MAX = 256;
/** Only so many of the preferred languages are tried, because each takes time. */
const TRIED_MAX = 10;
const DEFAULT: Language = 'en';

/** The language for this client. */
export function languageFor({ req }: AppContext): Language {
  const named = req.query('lang');
  const chosen = named === undefined ? undefined : languageOf(named);
  if (chosen !== undefined) return chosen;
  const header = req.header('Accept-Language') ?? '';
  if (header.length > LENGTH_MAX) return DEFAULT;
  // The most preferred first.
  for (const { type, q } of parseAccept(header).slice(0, TRIED_MAX)) {
    const language = q > 0 ? languageOf(type) : undefined;
    if (language !== undefined) return language;
  }
  return DEFAULT;
}

/** Longer queries are not repeated in the links of a page. */
const QUERY_LENGTH_MAX = 256;

/** The query of a request, for the links of its page; empty when it has none or a long one. */
export function queryFor({ req }: AppContext): string {
  const [, query = ''] = req.url.split('?', 2);
  return query.length > QUERY_LENGTH_MAX ? '' : query;
}
