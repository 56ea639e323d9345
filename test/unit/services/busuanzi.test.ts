/** The counters of pages, of sites, and of their visitors. */
import { expect, test } from 'bun:test';
import { COUNTER_NAME } from '../../../src/counter/name.ts';
import { counterInBusuanziUrl, countersOf, pageAt } from '../../../src/services/busuanzi.ts';

const pageOf = (address: string) => countersOf(new URL(address)).page;

test('a page has a counter of its own, its site another, and the site’s visitors a third', () => {
  expect(countersOf(new URL('https://example.com/posts/hello/?from=feed#top'))).toEqual({
    page: 'example.com/posts..hello',
    site: 'example.com/...site',
    visitors: 'example.com/...visitors',
  });
});

test('the same page is the same counter with or without a slash, an index page or a query', () => {
  for (const [name, ...addresses] of [
    [
      'example.com/...',
      'https://example.com',
      'http://Example.COM:80/',
      'https://example.com/index.html',
      'https://example.com/index/',
      'https://example.com/?p=1',
    ],
    [
      'example.com/docs',
      'https://example.com/docs',
      'https://example.com/docs/',
      'https://example.com/docs/index',
      'https://example.com/docs/index.htm#x',
    ],
    ['example.com/docs..a.html', 'https://example.com/docs/a.html'],
    ['example.com/Docs', 'https://example.com/Docs'],
    ['example.com/my-index', 'https://example.com/my-index'],
  ] as const) {
    for (const address of addresses)
      expect({ address, name: pageOf(address) }).toEqual({ address, name });
  }
  expect(pageOf('https://example.com/%E4%BD%A0%E5%A5%BD')).toBe(
    pageOf('https://example.com/你好/'),
  );
  expect(pageOf('https://example.com/%')).toMatch(/^example\.com\/.-[0-9a-f]{16}$/);
  expect(countersOf(new URL('http://localhost:4000/')).site).toMatch(
    /^localhost-4000-[0-9a-f]{16}\/\.\.\.site$/,
  );
});

test('no page has the counter of a site or of its visitors', () => {
  const parts = ['', '/', '.', '..', '...', '%2F', '%2E', '-', 'site', 'visitors', 'a'];
  const paths = parts.flatMap((a) =>
    parts.flatMap((b) => parts.flatMap((c) => parts.map((d) => `/${a}${b}${c}${d}`))),
  );
  for (const path of paths) {
    const { page, site, visitors } = countersOf(new URL(`https://example.com${path}`));
    expect({ path, page, valid: COUNTER_NAME.test(page) }).toMatchObject({ valid: true });
    expect({ path, taken: page === site || page === visitors }).toEqual({ path, taken: false });
  }
});

test('only addresses of websites are pages', () => {
  for (const address of [
    '',
    'example.com/about',
    '/about',
    'file:///C:/a.html',
    'ftp://example.com/',
    'javascript:alert(1)',
    'https://',
    'http://[',
  ]) {
    expect({ address, page: pageAt(address) }).toEqual({ address, page: undefined });
  }
  expect(pageAt(' https://example.com/about ')?.href).toBe('https://example.com/about');
});

test('an old URL of Vercount names a page, and those of the others none', () => {
  const query = `?url=${encodeURIComponent('https://example.com/about/')}`;
  for (const [path, counter] of [
    [`/api/v2/log${query}`, 'example.com/about'],
    [`/api/v1/log${query}`, 'example.com/about'],
    [`/log${query}`, 'example.com/about'],
    ['/log?url=about', undefined],
    ['/log', undefined],
    [`/api/v3/log${query}`, undefined],
    ['/busuanzi?jsonpCallback=BusuanziCallback', undefined],
    ['/api', undefined],
    ['/js', undefined],
  ] as const) {
    const url = new URL(`https://events.vercount.one${path}`);
    expect({ path, counter: counterInBusuanziUrl(url) }).toEqual({ path, counter });
  }
});
