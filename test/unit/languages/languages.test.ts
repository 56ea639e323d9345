/** The texts of all languages are complete, and a tag finds its language. */
import { describe, expect, test } from 'bun:test';
import {
  LANGUAGES,
  type Language,
  languageOf,
  wordsIn,
} from '../../../src/languages/languages.ts';

/** Texts and plurals by their place, as in `frame.api`. */
type Texts = ReadonlyMap<string, string | Readonly<Record<string, string>>>;

/** An object with a text for `other` is a plural. */
function textsOf(words: object, place = ''): Texts {
  const found = new Map<string, string | Readonly<Record<string, string>>>();
  for (const [key, value] of Object.entries(words)) {
    const path = place === '' ? key : `${place}.${key}`;
    if (typeof value === 'string' || 'other' in value) found.set(path, value);
    else for (const [inner, text] of textsOf(value, path)) found.set(inner, text);
  }
  return found;
}

const formsOf = (text: string | Readonly<Record<string, string>> | undefined) =>
  typeof text === 'string' ? [text] : Object.values(text ?? {});
const placeholdersIn = (text: string) =>
  [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();

const ENGLISH = textsOf(wordsIn('en'));
const TAGS = Object.keys(LANGUAGES) as Language[];

/** Texts that are the same in English: words that the language has taken over. */
const SAME: Readonly<Record<string, readonly Language[]>> = {
  'counterPage.script.live': ['de'],
  'manage.create.name': ['de'],
  'manage.exporting.title': ['de'],
  'manage.importing.title': ['de'],
  'manage.list.columns.total': ['es', 'fr', 'pt'],
  'manage.list.sorts.name': ['de'],
  'manage.list.sorts.total': ['es', 'fr', 'pt'],
  'manage.settings.link': ['de'],
  'manage.signIn.token': ['de', 'es', 'pt'],
  'manage.token.label': ['de', 'es', 'pt'],
};

describe('every language', () => {
  for (const tag of TAGS) {
    const texts = textsOf(wordsIn(tag));

    test(`${tag} has every text, and no other`, () => {
      expect([...texts.keys()].toSorted()).toEqual([...ENGLISH.keys()].toSorted());
      for (const form of [...texts.values()].flatMap(formsOf)) expect(form.trim()).not.toBe('');
    });

    test(`${tag} has the same placeholders as English in each text`, () => {
      for (const [place, text] of texts) {
        const expected = placeholdersIn(formsOf(ENGLISH.get(place))[0] ?? '');
        for (const form of formsOf(text))
          expect([place, ...placeholdersIn(form)]).toEqual([place, ...expected]);
      }
    });

    test(`${tag} has the plural forms that Intl names for it`, () => {
      const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
      for (const [place, text] of texts) {
        const isPlural = typeof text !== 'string';
        expect([place, isPlural]).toEqual([place, typeof ENGLISH.get(place) !== 'string']);
        if (isPlural)
          expect([place, ...Object.keys(text).toSorted()]).toEqual([
            place,
            ...[...pluralCategories].toSorted(),
          ]);
      }
    });

    if (tag === 'en') continue;
    test(`${tag} has no text in English`, () => {
      const same = [...texts]
        .filter(([place, text]) => {
          const english = formsOf(ENGLISH.get(place));
          return formsOf(text).some((form) => english.includes(form));
        })
        .map(([place]) => place);
      const allowed = Object.keys(SAME).filter((place) => SAME[place]?.includes(tag));
      expect(same.toSorted()).toEqual(allowed.toSorted());
    });
  }
});

describe('a tag', () => {
  test('finds its language, and in Chinese its script', () => {
    const found = {
      en: 'en',
      'en-GB': 'en',
      'de-AT': 'de',
      'pt-BR': 'pt',
      'pt-PT': 'pt',
      'es-419': 'es',
      'fr-CA': 'fr',
      RU: 'ru',
      'ja-JP': 'ja',
      zh: 'zh-Hans',
      'zh-CN': 'zh-Hans',
      'zh-SG': 'zh-Hans',
      'zh-TW': 'zh-Hant',
      'zh-HK': 'zh-Hant',
      'zh-Hant-CN': 'zh-Hant',
      'zh-hans-TW': 'zh-Hans',
    };
    for (const [tag, language] of Object.entries(found))
      expect([tag, languageOf(tag)]).toEqual([tag, language as Language]);
  });

  test('of another language, and an invalid one, finds none', () => {
    const tags = ['ko', 'nl-BE', 'tlh', '', '*', '-', 'de_AT', '__proto__', 'constructor', 'e'];
    for (const tag of tags) expect([tag, languageOf(tag)]).toEqual([tag, undefined]);
    expect(languageOf(`de-x-${'abcdefgh-'.repeat(2000)}a`)).toBeUndefined();
  });
});
