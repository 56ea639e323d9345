/**
 * visitor-badge: the requests that READMEs send, what counts, what a badge shows, and mistakes.
 */
import { describe, expect, test } from 'bun:test';
import { counterInVisitorBadgeUrl } from '../../../../src/services/visitor-badge.ts';
import { setUp } from '../../../support/app.ts';
import { elementsOf, wordsOf } from '../../../support/svg.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp({ now: () => NOW, ...options });
  const badge = (query: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.ask(`/visitor-badge/badge?${query}`, headers, method);
  const words = async (query: string, headers?: Record<string, string>) => {
    const { status, body } = await badge(query, headers);
    expect({ query, status }).toEqual({ query, status: 200 });
    return wordsOf(body);
  };
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  const start = (name: string, value: number) =>
    app.store.registry.create(name, { total: value, madeAt: 0, owner: '' });
  return { ...app, badge, words, total, start };
}

test('the badges in READMEs count and show their number', async () => {
  for (const [query, label, counter] of [
    ['page_id=octocat.hello', 'visitors', /^visitor-badge\/octocat\.hello$/],
    ['page_id=octocat/hello&left_text=visits', 'visits', /^visitor-badge\/octocat\.\.hello$/],
    ['page_id=octocat%2Fhello', 'visitors', /^visitor-badge\/octocat\.\.hello$/],
    ['page_id=octocat.github.io&left_text=visits', 'visits', /\/octocat\.github\.io$/],
    [
      'page_id=octocat.hello.issue.1&left_color=blue&right_color=green',
      'visitors',
      /\/octocat\.hello\.issue\.1$/,
    ],
    [
      'page_id=@octocat~hello.visitor-badge&style=flat-square&color=0088cc',
      'visitors',
      /^visitor-badge\/-octocat-hello\.visitor-badge-[0-9a-f]{16}$/,
    ],
    [
      'page_id=octocat.hello&left_text=My%20Views&logo=github&radius=5&height=30&t=1732276800',
      'My Views',
      /^visitor-badge\/octocat\.hello$/,
    ],
  ] as const) {
    const { words, store } = begin();
    expect(await words(query)).toBe(`${label}: 1`);
    expect(await words(query)).toBe(`${label}: 2`);
    const { counters } = await store.registry.list({ search: '', after: '', limit: 9 });
    expect({ query, counters: counters.map((one) => one.counter) }).toEqual({
      query,
      counters: [expect.stringMatching(counter)],
    });
  }
});

test('an id is used as it is given', async () => {
  const { words } = begin();
  for (const id of ['octocat.hello', 'octocat/hello', 'Octocat.hello', '%20octocat.hello', 'a'])
    expect({ id, words: await words(`page_id=${id}`) }).toEqual({ id, words: 'visitors: 1' });
});

test('caches keep no badge', async () => {
  const { badge } = begin();
  const told = async (query: string, method = 'GET') => {
    const { headers } = await badge(query, {}, method);
    return ['Content-Type', 'Cache-Control', 'Expires'].map((name) => headers.get(name));
  };
  const ofBadge = [
    'image/svg+xml',
    'no-cache,max-age=0,no-store,s-maxage=0,proxy-revalidate',
    'Sun, 22 Nov 2026 11:50:00 GMT',
  ];
  expect(await told('page_id=octocat.hello')).toEqual(ofBadge);
  expect(await told('page_id=octocat.hello', 'HEAD')).toEqual(ofBadge);
  expect(await told('')).toEqual(['image/svg+xml', 'no-cache,max-age=0', ofBadge[2] ?? '']);
});

test('query_only with any value, HEAD, prefetches and own visits do not count', async () => {
  const { badge, words, total } = begin();
  expect(await words('page_id=octocat.hello&query_only=true')).toBe('visitors: 0');
  expect(await total('visitor-badge/octocat.hello')).toBeUndefined();
  await words('page_id=octocat.hello');
  for (const value of ['=true', '=1', '=', '', '=false'])
    expect(await words(`page_id=octocat.hello&query_only${value}`)).toBe('visitors: 1');
  expect((await badge('page_id=octocat.hello', {}, 'HEAD')).status).toBe(200);
  expect(await words('page_id=octocat.hello', { Purpose: 'prefetch' })).toBe(
    'visits: not counted',
  );
  expect(await words('page_id=octocat.hello', { Cookie: 'seen_own_visits=out' })).toBe(
    'visitors: 1',
  );
  expect(await total('visitor-badge/octocat.hello')).toBe(1);
});

test('the left text is left_text, or title as in older URLs, or the default', async () => {
  const { words } = begin();
  const left = async (query: string) =>
    (await words(`page_id=octocat.hello&query_only=true&${query}`))?.replace(/: 0$/, '');
  expect(await left('left_text=views&title=old')).toBe('views');
  expect(await left('left_text=&title=old')).toBe('old');
  expect(await left('title=old+views')).toBe('old views');
  expect(await left('left_text=&title=')).toBe('visitors');
  expect(await left(`left_text=${'x'.repeat(1500)}`)).toBe('x'.repeat(200));
});

test('large numbers are plain, or have three digits and a unit', async () => {
  const { words, start } = begin();
  for (const [value, written] of [
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [1000, '1K'],
    [1234, '1.23K'],
    // In the middle, the even digit.
    [1245, '1.24K'],
    [1235, '1.24K'],
    [12_345, '12.3K'],
    [999_499, '999K'],
    [999_950, '1M'],
    [1_250_000, '1.25M'],
    [2_000_000_000, '2B'],
    [3_140_000_000_000, '3.14T'],
  ] as const) {
    await start(`visitor-badge/page${value}`, value);
    const query = `page_id=page${value}&query_only=true`;
    expect(await words(query)).toBe(`visitors: ${value}`);
    for (const format of ['true', '', 'false'])
      expect(await words(`${query}&format=${format}`)).toBe(`visitors: ${written}`);
  }
  expect(await words('page_id=page1234&query_only=true&extra=10000')).toBe('visitors: 11234');
  expect(await words('page_id=page1234&query_only=true&extra=10000&format=true')).toBe(
    'visitors: 11.2K',
  );
});

test('colours have the names of badges and of CSS, and defaults for others', async () => {
  const { badge } = begin();
  const fills = async (query: string) =>
    elementsOf((await badge(`page_id=octocat.hello&${query}`)).body)
      .filter(({ name, attributes }) => name === 'rect' && attributes['fill']?.startsWith('#'))
      .map(({ attributes }) => attributes['fill']);
  for (const [query, left, right] of [
    ['', '#595959', '#1283c3'],
    ['left_color=%23595959&right_color=%231283c3', '#595959', '#1283c3'],
    ['left_color=red&right_color=green', '#e05d44', '#97ca00'],
    ['left_color=grey&right_color=informational', '#555555', '#007ec6'],
    ['left_color=tomato&right_color=%23F06', '#ff6347', '#f06'],
    ['left_color=&right_color=no-colour', '#595959', '#1283c3'],
    ['left_color=constructor&right_color=toString', '#595959', '#1283c3'],
  ] as const)
    expect({ query, fills: await fills(query) }).toEqual({ query, fills: [left, right] });
});

describe('mistakes', () => {
  test('a missing id is told by a badge, and does not count', async () => {
    const { words, store } = begin();
    for (const query of ['', 'page_id=', 'page_id', 'pageid=octocat.hello', 'left_text=x'])
      expect(await words(query)).toBe('Error: Missing required param: page_id');
    expect(await store.registry.size()).toBe(0);
  });

  test('a private counter is not shown, and a closed Seen creates none', async () => {
    const { words, start, store, total } = begin();
    await start('visitor-badge/octocat.hello', 5);
    await store.registry.change('visitor-badge/octocat.hello', { rules: { private: true } });
    expect(await words('page_id=octocat.hello')).toBe('visitors: private');
    expect(await words('page_id=octocat.hello&query_only=true&extra=1&format=true')).toBe(
      'visitors: private',
    );
    expect(await total('visitor-badge/octocat.hello')).toBe(6);
    const closed = begin({ closed: true });
    expect(await closed.words('page_id=octocat.hello')).toBe('visits: no such counter');
    expect(await closed.words('page_id=octocat.hello&query_only=true')).toBe('visitors: 0');
    expect(await closed.store.registry.size()).toBe(0);
  });
});

test('markup in any parameter stays text', async () => {
  const { badge } = begin();
  const evil = encodeURIComponent('"><script>alert(1)</script>');
  for (const name of ['left_text', 'title', 'left_color', 'right_color', 'format', 'query_only']) {
    const { body } = await badge(`page_id=octocat.hello&${name}=${evil}`);
    expect(elementsOf(body).map((element) => element.name)).not.toContain('script');
  }
  const { body } = await badge(`page_id=${evil}&left_text=${evil}`);
  expect(elementsOf(body).find((element) => element.name === 'title')?.text).toBe(
    '"><script>alert(1)</script>: 1',
  );
});

test('old URLs name their counter', () => {
  const named = (path: string) => counterInVisitorBadgeUrl(new URL(`https://a.example${path}`));
  expect(named('/badge?page_id=octocat.hello&left_text=x')).toBe('visitor-badge/octocat.hello');
  expect(named('/badge?page_id=octocat/hello')).toBe('visitor-badge/octocat..hello');
  for (const path of ['/badge', '/badge?page_id=', '/?page_id=octocat.hello'])
    expect({ path, name: named(path) }).toEqual({ path, name: undefined });
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'visitors.example.com': 'visitor-badge' } });
  const { body } = await ask('/badge?page_id=octocat.hello', { Host: 'visitors.example.com' });
  expect(body).toContain('visitors: 1');
});
