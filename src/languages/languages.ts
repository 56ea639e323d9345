/**
 * The languages of the pages: one JSON file each, and the choice among them. Not here: putting
 * values into texts (`format.ts`).
 *
 * A plural is an object with a text for each category that `Intl.PluralRules` has for the
 * language.
 */
import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };
import es from './es.json' with { type: 'json' };
import type { Plural } from './format.ts';
import fr from './fr.json' with { type: 'json' };
import ja from './ja.json' with { type: 'json' };
import pt from './pt.json' with { type: 'json' };
import ru from './ru.json' with { type: 'json' };
import zhHans from './zh-Hans.json' with { type: 'json' };
import zhHant from './zh-Hant.json' with { type: 'json' };

type TextsLike<T> = {
  readonly [Key in keyof T]: T[Key] extends string
    ? string
    : T[Key] extends { other: string }
      ? Plural
      : TextsLike<T[Key]>;
};

/** All texts of a language: a section for each page or part of one. */
export type Words = TextsLike<typeof en>;

/** The texts by the tag of their language (BCP 47). */
export const LANGUAGES = {
  en,
  de,
  es,
  fr,
  pt,
  ru,
  'zh-Hans': zhHans,
  'zh-Hant': zhHant,
  ja,
} as const satisfies Readonly<Record<string, Words>>;
/** The tag of a language of the pages. */
export type Language = keyof typeof LANGUAGES;

/** The texts of a language. */
export function wordsIn(language: Language): Words {
  return LANGUAGES[language];
}

/** Longer tags name none of these languages; BCP 47 (section 4.4.1) allows this limit. */
const TAG_LENGTH_MAX = 35;

/**
 * The language of the pages that a tag such as `pt-BR` or `zh-TW` belongs to: the same language,
 * and in Chinese the same script. `undefined` when there is none, or the tag is invalid.
 */
export function languageOf(tag: string): Language | undefined {
  if (tag.length > TAG_LENGTH_MAX) return undefined;
  try {
    // `maximize` adds the likely script: that of zh-TW is Hant (UTS 35, likely subtags).
    const { language, script } = new Intl.Locale(tag).maximize();
    return [language, `${language}-${script}`].find(isLanguage);
  } catch {
    return undefined;
  }
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}
