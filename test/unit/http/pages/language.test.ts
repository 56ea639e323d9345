/** The language of a page for a request, and links that keep it. */
import { describe, expect, test } from 'bun:test';
import { linkTo, linkToLanguage } from '../../../../src/page/links.ts';
import { BROWSER, setUp, textOf } from '../../../support/app.ts';

async function languageFor(header?: string, query = ''): Promise<string | undefined> {
  const { ask } = setUp();
  const { body } = await ask(`/own-visits${query}`, {
    Accept: BROWSER,
    ...(header === undefined ? {} : { 'Accept-Language': header }),
  });
  return /<html lang="([\w-]+)">/.exec(body)?.[1];
}

describe('the language of a page', () => {
  test('is the one that the browser prefers among those that Seen has', async () => {
    const chosen: Readonly<Record<string, string>> = {
      'de-AT,de;q=0.9,en;q=0.8': 'de',
      'en;q=0.5, pt-BR': 'pt',
      'ko, nl;q=0.9, fr;q=0.1': 'fr',
      'zh-TW': 'zh-Hant',
      'zh-HK,zh;q=0.9': 'zh-Hant',
      'zh-CN': 'zh-Hans',
      'es;q=0, ja;q=0.1': 'ja',
      '*': 'en',
      ko: 'en',
      '': 'en',
      'nonsense;;=,;q=de': 'en',
    };
    for (const [header, language] of Object.entries(chosen))
      expect([header, await languageFor(header)]).toEqual([header, language]);
    expect(await languageFor()).toBe('en');
  });

  test('is the one in the URL, if Seen has it', async () => {
    expect(await languageFor('de', '?lang=zh-TW')).toBe('zh-Hant');
    expect(await languageFor('de', '?lang=ko')).toBe('de');
    expect(await languageFor('de', '?lang=')).toBe('de');
    expect(await languageFor('de', `?lang=${'fr-'.repeat(600)}`)).toBe('de');
  });

  test('is English when the header is longer than any browser sends, or names many others', async () => {
    expect(await languageFor(`de,${' '.repeat(252)},`)).toBe('de');
    expect(await languageFor(`de,${' '.repeat(253)},`)).toBe('en');
    expect(await languageFor(`${'ko,'.repeat(9)}de`)).toBe('de');
    expect(await languageFor(`${'ko,'.repeat(10)}de`)).toBe('en');
  });

  test('changes no text, and no JSON', async () => {
    const { ask } = setUp();
    const german = { 'Accept-Language': 'de' };
    const text = await ask('/?lang=de', german);
    expect(text.body).toBe('Hello World! I have been seen 1 times.\n');
    expect(text.headers.get('Vary')).toBe('Accept');
    const json = await ask('/c/my-site/nothing', { ...german, Accept: 'application/json' });
    expect(JSON.parse(json.body).error).toContain('There is no counter my-site/nothing');
    expect((await ask('/nothing?lang=de', german)).body).toContain('There is nothing here');
  });

  test('does not change the sentence, which is marked as English', async () => {
    const now = Date.UTC(2026, 10, 22, 12);
    const { ask } = setUp({ now: () => now });
    const { body } = await ask('/', { Accept: BROWSER, 'Accept-Language': 'ru' });
    expect(body).toMatch(/<h1 lang="en">Hello World! I have been seen <span/);
    expect(textOf(body)).toContain('Hello World! I have been seen 1 times.');
    expect(body).toContain('<title>Посещено 1 раз</title>');
    // The dates below the bars of the picture.
    const [, picture = ''] = /<img class="picture" src="([^"]+)"/.exec(body) ?? [];
    expect(picture).toEndWith('&amp;lang=ru&amp;theme=light');
    const chart = await ask(picture.replaceAll('&amp;', '&'));
    expect(chart.status).toBe(200);
    expect(chart.body).toMatch(/<title>День за днём/);
    const day = new Intl.DateTimeFormat('ru', { month: 'short', day: 'numeric', timeZone: 'UTC' });
    expect(chart.body).toContain(`>${day.format(now)}<`);
    expect((await ask('/', { Accept: BROWSER })).body).toContain('<h1>Hello World!');
  });

  test('is told to caches for every page', async () => {
    const { ask } = setUp();
    await ask('/hit/my-site/page');
    const vary = async (path: string) =>
      (await ask(path, { Accept: BROWSER })).headers.get('Vary');
    expect(await vary('/')).toBe('Accept, Accept-Language');
    expect(await vary('/c/my-site/page')).toBe('Accept-Language');
    expect(await vary('/own-visits')).toBe('Accept-Language');
    expect(await vary('/c/my-site/nothing')).toBe('Accept, Accept-Language');
    expect(await vary('/nothing')).toBe('Accept, Accept-Language');
  });
});

describe('links in a page', () => {
  test('keep the language of the URL, and only that', () => {
    expect(linkTo('/manage', '')).toBe('/manage');
    expect(linkTo('/manage', 'a=b')).toBe('/manage');
    expect(linkTo('/manage', 'lang=xx')).toBe('/manage');
    expect(linkTo('/manage', 'a=b&lang=pt-BR')).toBe('/manage?lang=pt');
    expect(linkTo('/new?counter=a/b#code', 'lang=ja')).toBe('/new?counter=a/b&lang=ja#code');
  });

  test('to another language keep the rest of the query', () => {
    expect(linkToLanguage('de', '')).toBe('?lang=de');
    expect(linkToLanguage('de', 'lang=ja&counter=abc/def')).toBe('?lang=de&counter=abc%2Fdef');
  });

  test('of /own-visits keep the language through its form', async () => {
    const { ask } = setUp();
    const { body } = await ask('/own-visits?lang=fr', { Accept: BROWSER });
    expect(body).toContain('<form method="post" action="/own-visits?lang=fr">');
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const changed = await ask('/own-visits?lang=fr', form, 'POST', 'visits=out');
    expect([changed.status, changed.headers.get('Location')]).toEqual([
      303,
      '/own-visits?lang=fr',
    ]);
  });

  test('name each language in itself', async () => {
    const { ask } = setUp();
    const { body } = await ask('/nothing?lang=ru', { Accept: BROWSER });
    expect(body).toContain('<a href="?lang=de" hreflang="de" lang="de">Deutsch</a>');
    expect(body).toContain('<span lang="ru" aria-current="true">Русский</span>');
    expect(body).toContain('<nav aria-label="Языки">');
    expect(body).toContain('<a href="/manage?lang=ru">');
  });
});
