/** komarev: the requests that READMEs send, what counts, what a badge shows, and mistakes. */
import { describe, expect, test } from 'bun:test';
import { setUp } from '../../../support/app.ts';
import { elementsOf, wordsOf } from '../../../support/svg.ts';

const CAMO = { 'User-Agent': 'github-camo (876de43e)' };
const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
};

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const badge = (query: string, headers: Record<string, string> = CAMO) =>
    app.ask(`/komarev/ghpvc/?${query}`, headers);
  const words = async (query: string, headers?: Record<string, string>) => {
    const { status, body } = await badge(query, headers);
    expect(status).toBe(200);
    return wordsOf(body);
  };
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  const start = (name: string, value: number) =>
    app.store.registry.create(name, { total: value, madeAt: 0, owner: '' });
  return { ...app, badge, words, total, start };
}

test('the badges in READMEs count and show their number', async () => {
  const { badge, words, total } = begin();
  for (const [query, label] of [
    ['username=octocat', 'Profile views'],
    ['username=octocat&label=Profile%20views&color=0e75b6&style=flat', 'Profile views'],
    ['username=octocat&style=for-the-badge&color=blueviolet&label=PROFILE+VIEWS', 'PROFILE VIEWS'],
    ['username=octocat&repo=hello&label=Views&style=social', 'Views'],
    ['username=octocat&style=plastic&color=green', 'Profile views'],
    ['username=Octocat&label=a_b__c--d', 'a b_c-d'],
  ] as const) {
    const before = (await total('komarev/octocat')) ?? 0;
    expect(await words(query)).toBe(`${label}: ${before + 1}`);
  }
  const { headers, body } = await badge('username=octocat&style=flat-square&color=0e75b6');
  expect(headers.get('Content-Type')).toBe('image/svg+xml');
  expect(headers.get('Cache-Control')).toBe('max-age=0, no-cache, no-store, must-revalidate');
  expect(body).toContain('#0e75b6');
  expect(await total('komarev/octocat')).toBe(7);
  // The old address without the slash.
  expect((await begin().ask('/komarev/ghpvc?username=octocat', CAMO)).status).toBe(200);
});

test('only GitHub’s image proxy counts, unless the URL asks for everybody', async () => {
  const { words, total, ask } = begin();
  expect(await words('username=octocat', BROWSER)).toBe('Profile views: 0');
  expect(await words('username=octocat', { 'User-Agent': 'x github-camo' })).toBe(
    'Profile views: 0',
  );
  expect(await total('komarev/octocat')).toBeUndefined();
  expect(await words('username=octocat', CAMO)).toBe('Profile views: 1');
  expect(await words('username=octocat', BROWSER)).toBe('Profile views: 1');
  expect(await words('username=octocat&count=yes', BROWSER)).toBe('Profile views: 2');
  await ask('/komarev/ghpvc/?username=octocat', CAMO, 'HEAD');
  expect(await total('komarev/octocat')).toBe(2);
});

test('the base is added to what is shown, and large numbers are grouped or abbreviated', async () => {
  const { words, total, start } = begin();
  await start('komarev/octocat', 11_904);
  expect(await words('username=octocat&base=440')).toBe('Profile views: 12,345');
  expect(await words('username=octocat&base=440&abbreviated=true', BROWSER)).toBe(
    'Profile views: 12.3K',
  );
  expect(await words('username=octocat&base=440&abbreviated=0', BROWSER)).toBe(
    'Profile views: 12,345',
  );
  expect(await words('username=octocat&extra=100', BROWSER)).toBe('Profile views: 12,005');
  expect(await total('komarev/octocat')).toBe(11_905);
  for (const [value, written] of [
    [999, '999'],
    [1000, '1K'],
    [999_950, '1000K'],
    [1_250_000, '1.3M'],
    [2_000_000_000, '2B'],
    [3_100_000_000_000, '3.1T'],
    [4_000_000_000_000_000, '4Qa'],
  ] as const) {
    const named = `user${value}`;
    await start(`komarev/${named}`, value);
    expect(await words(`username=${named}&abbreviated=1`, BROWSER)).toBe(
      `Profile views: ${written}`,
    );
  }
});

test('the style “pixel” is an empty picture of one pixel, and counts', async () => {
  const { badge, total } = begin();
  const { body } = await badge('username=octocat&style=pixel');
  expect(elementsOf(body).map(({ name }) => name)).toEqual(['svg']);
  expect(body).toContain('width="1" height="1"');
  expect(await total('komarev/octocat')).toBe(1);
});

describe('mistakes', () => {
  test('in a name are told by a red badge and do not count', async () => {
    const { badge, words, store } = begin();
    for (const [user, message] of [
      ['a--b', 'Username may only contain'],
      ['-a', 'Username may only contain'],
      ['a b', 'Username may only contain'],
      ['a/b', 'Username may only contain'],
      ['x'.repeat(40), 'maximum length'],
    ] as const) {
      expect(await words(`username=${encodeURIComponent(user)}`)).toContain(message);
    }
    expect((await badge('username=a--b')).body).toContain('#e05d44');
    expect(await store.registry.size()).toBe(0);
  });

  test('in a colour or base are told by a red badge, and the view counts', async () => {
    const { words, total } = begin();
    for (const wrong of ['color=zzz', 'color=fff', 'color=Red', 'color=toString']) {
      expect(await words(`username=octocat&${wrong}`)).toBe(
        `Profile views: Color not valid ${wrong.slice('color='.length)}`,
      );
    }
    for (const wrong of ['base=', 'base=-1', 'base=1e3', `base=${'9'.repeat(20)}`])
      expect(await words(`username=octocat&${wrong}`)).toBe(
        'Profile views: Base must contain only digits',
      );
    expect(await total('komarev/octocat')).toBe(8);
  });

  test('without a user lead to the project’s page', async () => {
    const { badge } = begin();
    for (const query of ['', 'username=', 'username=%20', 'username[]=octocat']) {
      const { status, headers, body } = await badge(query);
      expect({ query, status, body }).toEqual({ query, status: 302, body: '' });
      expect(headers.get('Location')).toContain('github-profile-views-counter');
    }
  });
});

test('a private counter is not shown, and a closed Seen creates none', async () => {
  const { words, start, store } = begin();
  await start('komarev/octocat', 5);
  await store.registry.change('komarev/octocat', { rules: { private: true } });
  expect(await words('username=octocat')).toBe('Profile views: private');
  expect(await words('username=octocat', BROWSER)).toBe('Profile views: private');
  const closed = begin({ closed: true });
  expect(await closed.words('username=octocat')).toContain('no such counter');
});

test('markup in a label or colour stays text', async () => {
  const { badge } = begin();
  const evil = encodeURIComponent('"><script>alert(1)</script>');
  for (const query of [`label=${evil}`, `color=${evil}`, `style=${evil}`]) {
    const { body } = await badge(`username=octocat&${query}`);
    expect(elementsOf(body).map(({ name }) => name)).not.toContain('script');
  }
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'views.example.com': 'komarev' } });
  const { body } = await ask('/ghpvc/?username=octocat', { Host: 'views.example.com', ...CAMO });
  expect(body).toContain('Profile views: 1');
});
