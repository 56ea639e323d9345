/** The page of a counter as HTML: what its owner has written, and how other sites preview it. */
import { describe, expect, test } from 'bun:test';
import { type CounterPage, counterPage } from '../../../src/page/page.ts';
import { textOf } from '../../support/app.ts';

const LINKS = { style: '/page.css?v=1', script: '/page.js?v=1' };

const pageOf = (page: Partial<CounterPage> = {}, language: 'en' | 'de' | 'fr' = 'en') =>
  counterPage(LINKS, language, {
    counter: 'my-site/front-page',
    total: 1234,
    title: undefined,
    link: undefined,
    url: 'https://seen.test/c/my-site/front-page',
    query: '',
    ...page,
  });

describe('the page of a counter', () => {
  test('has the title and the link of the site, and the number in the reader’s language', () => {
    const link = 'https://blog.test/about?a=1&b=2';
    const html = pageOf({ title: 'Ann’s Blog', link }, 'de');
    expect(html).toContain('<h1 class="title" id="title" dir="auto">Ann’s Blog</h1>');
    expect(html).toContain(
      '<a id="link" href="https://blog.test/about?a=1&#38;b=2" rel="nofollow noopener ugc">blog.test</a>',
    );
    expect(html).toContain('<title>Ann’s Blog – 1.234 Besuche</title>');
    expect(textOf(html)).toContain('1.234 Besuche');
    expect(html).not.toContain('Hello World');
  });

  test('has the name of the counter when its owner gave no title', () => {
    expect(pageOf()).toContain('<title>my-site/front-page – 1,234 visits</title>');
    expect(pageOf()).toContain('<p class="site" hidden>');
  });

  test('links to no other addresses than sites', () => {
    for (const link of [
      'javascript:alert(1)',
      'data:text/html,<b>',
      'ftp://a.test/',
      '//a.test/',
      'nothing',
      '',
      ' java\nscript:alert(1)',
    ]) {
      expect(pageOf({ link })).toContain(
        '<p class="site" hidden><a id="link" rel="nofollow noopener ugc"></a></p>',
      );
    }
  });

  test('shows text of its owner as text, in the page and in previews', () => {
    const evil = '"><script>alert(1)</script>\'{visits}';
    const html = pageOf({ title: evil, link: 'https://a.test/"><script>' });
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('"><script');
    expect(html).toContain('&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#39;{visits}');
  });

  test('tells other sites how to preview it', () => {
    const meta = (html: string, name: string) =>
      new RegExp(`<meta (?:property|name)="${name}" content="([^"]*)">`).exec(html)?.[1];
    const html = pageOf({ title: 'Ann’s Blog' }, 'fr');
    expect(meta(html, 'og:title')).toBe('Ann’s Blog');
    expect(meta(html, 'og:description')).toBe('1\u202f234 visites');
    expect(meta(html, 'og:type')).toBe('website');
    expect(meta(html, 'og:url')).toBe('https://seen.test/c/my-site/front-page');
    expect(meta(html, 'og:site_name')).toBe('Seen');
    expect(meta(html, 'twitter:card')).toBe('summary');
    expect(meta(pageOf({ url: undefined }), 'og:url')).toBeUndefined();
  });

  test('links to the code for other pages, in the language of its URL', () => {
    expect(pageOf()).toContain('<a href="/new?counter=my-site/front-page#code">');
    expect(pageOf({ query: 'lang=fr' }, 'fr')).toContain(
      '<a href="/new?counter=my-site/front-page&#38;lang=fr#code">',
    );
  });
});
