/**
 * The language of a page for a request: that of `?lang=`, or the one that the browser prefers
 * (`Accept-Language`), or English.
 */
import { parseAccept } from 'hono/utils/accept';
import { type Language, languageOf } from '../../languages/languages.ts';
import type { AppContext } from '../context.ts';

/** Longer headers are ignored, because reading them takes too long. Browsers send less than 100. */
const LENGTH_MAX = 256;
const DEFAULT: Language = 'en';

/** The language for this client. */
export function languageFor({ req }: AppContext): Language {
  const chosen = languageOf(req.query('lang') ?? '');
  if (chosen !== undefined) return chosen;
  const header = req.header('Accept-Language') ?? '';
  if (header.length > LENGTH_MAX) return DEFAULT;
  // The most preferred first.
  for (const { type, q } of parseAccept(header)) {
    const language = q > 0 ? languageOf(type) : undefined;
    if (language !== undefined) return language;
  }
  return DEFAULT;
}
