/** The code that `/new` makes, and its rules of names, without a browser. */
import { describe, expect, test } from 'bun:test';
import { LANGUAGES, wordsIn } from '../../../src/languages/languages.ts';
import {
  codeOf,
  type Fields,
  type Kind,
  picturePath,
} from '../../../src/page/browser/new/code.ts';
import { logosLike } from '../../../src/page/browser/new/logos.ts';
import { isPart, partNear } from '../../../src/page/browser/new/names.ts';
import { problemText } from '../../../src/page/browser/new/problems.ts';

/** The fields of the form before anybody has changed one. */
const DEFAULTS: Fields = {
  style: 'flat',
  label: 'visits',
  show: 'total',
  color: '',
  labelColor: '',
  logo: '',
  logoColor: '',
  number: 'plain',
  lang: 'en',
  by: 'day',
  theme: 'auto',
  title: '',
  zone: 'UTC',
  chartLang: 'en',
  live: 'on',
};

const codes = (kind: Kind, fields: Fields = {}, counter = 'my-site/page', hidden = false) =>
  codeOf(
    kind,
    { ...DEFAULTS, ...fields },
    {
      origin: 'https://seen.test',
      embedPath: '/embed.js',
      counter,
      private: hidden,
      words: wordsIn('en').new.script,
    },
  );
const badge = (fields: Fields) => picturePath('badge', 'my-site/page', { ...DEFAULTS, ...fields });

describe('the code', () => {
  test('of a badge has only what was changed', () => {
    expect(codes('badge')).toEqual({
      html: '<img src="https://seen.test/badge/my-site/page.svg" alt="visits">',
      markdown: '![visits](https://seen.test/badge/my-site/page.svg)',
      url: 'https://seen.test/badge/my-site/page.svg',
    });
    expect(badge({ color: '#ff0066', label: 'a b' })).toBe(
      '/badge/my-site/page.svg?label=a%20b&color=ff0066',
    );
    expect(badge({ label: '' })).toBe('/badge/my-site/page.svg?label=');
    expect(badge({ only: 'on', style: 'social' })).toBe(
      '/badge/my-site/page.svg?count=no&style=social',
    );
    expect(badge({ show: 'today-total' })).toBe('/badge/my-site/page.svg?show=today-total');
    expect(badge({ logo: 'github', logoColor: 'rgb(1, 2, 3)' })).toBe(
      '/badge/my-site/page.svg?logo=github&logoColor=rgb%281%2C%202%2C%203%29',
    );
  });

  test('has a colour of the logo only with a logo, and a language only where it matters', () => {
    expect(badge({ logoColor: 'red', lang: 'de' })).toBe('/badge/my-site/page.svg');
    expect(badge({ number: 'grouped', lang: 'de' })).toBe(
      '/badge/my-site/page.svg?number=grouped&lang=de',
    );
    expect(badge({ number: 'short', lang: 'en' })).toBe('/badge/my-site/page.svg?number=short');
  });

  test('of a chart, a pixel, a number, a stream and the API', () => {
    expect(codes('chart', { by: 'hour', zone: 'Europe/Berlin', theme: 'dark' }).url).toBe(
      'https://seen.test/chart/my-site/page.svg?by=hour&theme=dark&zone=Europe%2FBerlin',
    );
    expect(codes('pixel').html).toBe(
      '<img src="https://seen.test/pixel/my-site/page.gif" alt="" width="1" height="1">',
    );
    expect(codes('number').html).toBe(
      '<p>This is visit number <span data-seen="my-site/page" data-seen-live hidden></span>.</p>\n' +
        '<script async src="https://seen.test/embed.js"></script>',
    );
    expect(codes('stream').url).toBe('https://seen.test/live?counters=my-site/page');
    expect(codes('api').shell).toBe(
      'curl -X POST https://seen.test/api/v1/counters/my-site/page/hit\n' +
        'curl https://seen.test/api/v1/counters/my-site/page',
    );
    expect(codes('api', {}, 'my-site/page', true).shell).toEndWith(
      '/page -H "Authorization: Bearer $TOKEN"',
    );
  });

  test('of the default counter has its own paths', () => {
    expect(codes('badge', {}, 'hits').url).toBe('https://seen.test/badge/hits.svg');
    expect(codes('api', {}, 'hits').url).toBe('https://seen.test/api/v1/default/hit');
  });

  test('cannot be left by what was typed', () => {
    const label = '"><script>alert(1)</script>](javascript:alert(2)) ![x](y) \'`\\ & %22 +';
    const { html = '', markdown = '', url = '' } = codes('badge', { label });
    expect(new URL(url).searchParams.get('label')).toBe(label);
    expect(html).not.toContain('<script');
    // Two attributes, and nothing behind the second.
    expect(html).toMatch(/^<img src="[^"<>]*" alt="[^"<>]*">$/);
    expect(url).toMatch(/^[\w:/.?=&%~*-]+$/);
    // No bracket or parenthesis that Markdown would read.
    expect(markdown).toBe(`![${label.replaceAll(/[\\`*_[\]<>&!]/g, '\\$&')}](${url})`);
    const [, alt = ''] = /^!\[(.*)\]\(https:/s.exec(markdown) ?? [];
    expect(alt).not.toMatch(/(?<!\\)(?:\\\\)*[[\]]/);
  });
});

describe('a part of a name', () => {
  test('has 3 to 64 of the letters that counters may have', () => {
    for (const part of ['abc', 'a'.repeat(64), 'A_.-9', '__proto__'])
      expect({ part, valid: isPart(part) }).toEqual({ part, valid: true });
    for (const part of ['', 'ab', 'a'.repeat(65), 'd f', 'ab\u00e9', 'abc/def'])
      expect({ part, valid: isPart(part) }).toEqual({ part, valid: false });
  });

  test('is suggested for a text that is none', () => {
    expect(partNear('My Blog')).toBe('my-blog');
    expect(partNear('  Mein Büro! ')).toBe('mein-buro');
    expect(partNear('https://blog.example/posts/1?a=b')).toBe('blog.example');
    expect(partNear('a'.repeat(80))).toBe('a'.repeat(64));
    expect(partNear('我的博客')).toBeUndefined();
    expect(partNear('!')).toBeUndefined();
  });
});

describe('logos', () => {
  test('are suggested by slug and title, at most 20, those that begin with the text first', () => {
    const logos = [
      { slug: 'notgithub', title: 'Other' },
      { slug: 'github', title: 'GitHub' },
      { slug: 'x', title: 'The Github of x' },
      { slug: 'gitlab', title: 'GitLab' },
    ];
    expect(logosLike(logos, ' GitHub').map(({ slug }) => slug)).toEqual([
      'github',
      'notgithub',
      'x',
    ]);
    const many = Array.from({ length: 3000 }, (_, index) => ({ slug: `s${index}`, title: '' }));
    expect(logosLike(many, '')).toHaveLength(20);
  });
});

describe('why a counter was not made', () => {
  const words = wordsIn('en').new.script;
  const said = (status: number, code: string) =>
    problemText('my-site/page', { status, code, detail: 'Said by Seen.' }, words);

  test('is said in the words of the page where it has some, or else in those of Seen', () => {
    expect(said(409, 'counter-exists')).toStartWith('my-site/page is taken.');
    expect(said(503, 'counters-full')).toBe(words.full);
    expect(said(400, 'request-invalid')).toBe('That did not work. Said by Seen.');
    // Without a title and a link it works.
    expect(said(503, 'store-full')).toBe('That did not work. Said by Seen.');
  });

  test('is that Seen did not answer where nobody knows more', () => {
    expect(said(503, 'store-unavailable')).toBe(words.silent);
    expect(problemText('my-site/page', undefined, words)).toBe(words.silent);
  });
});

describe('the texts of the page', () => {
  test('have the same placeholders in every language', () => {
    const placeholders = (texts: object): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [
          key,
          typeof text === 'string'
            ? [...text.matchAll(/\{\w+\}/g)].map(String)
            : placeholders(text),
        ]),
      );
    const english = placeholders(wordsIn('en').new);
    for (const [tag, words] of Object.entries(LANGUAGES))
      expect({ tag, ...placeholders(words.new) }).toEqual({ tag, ...english });
  });
});
