/** dwyl/hits: the requests of READMEs and shields.io, what counts, what is shown, and mistakes. */
import { describe, expect, test } from 'bun:test';
import { setUp } from '../../../support/app.ts';
import { elementsOf, wordsOf } from '../../../support/svg.ts';

const REPO = 'dwyl/octocat..hello';
/** The headers with which shields.io asks. */
const SHIELDS = { Accept: 'application/json', 'User-Agent': 'shields (self-hosted)/dev' };
const BROWSER = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const CACHING = 'max-age=0, private, must-revalidate';

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const words = async (path: string, status = 200) => {
    const response = await app.ask(`/dwyl/${path}`);
    expect({ path, status: response.status }).toEqual({ path, status });
    expect(response.headers.get('Content-Type')).toBe('image/svg+xml; charset=utf-8');
    return wordsOf(response.body);
  };
  const json = async (path: string, headers: Record<string, string> = SHIELDS) => {
    const response = await app.ask(`/dwyl/${path}`, headers);
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    expect(response.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    return JSON.parse(response.body) as Record<string, unknown>;
  };
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  const start = (name: string, value: number) =>
    app.store.registry.create(name, { total: value, madeAt: 0, owner: '' });
  return { ...app, words, json, total, start };
}

test('the badges in READMEs count and show their number', async () => {
  const { words, total, ask } = begin();
  let visits = 0;
  for (const path of [
    'octocat/hello.svg',
    'octocat/hello.svg?style=flat-square',
    'octocat/hello.svg?style=flat-square&show=unique',
    'octocat/hello.svg?style=plastic&color=red',
    // The user twice, a common mistake.
    'octocat/octocat/hello.svg',
    'github.com/octocat/hello.svg',
    'octocat/hello.svg/',
  ])
    expect(await words(path)).toBe(`hits: ${++visits}`);
  expect(await words('octocat/hello.svg?style=for-the-badge')).toBe(`HITS: ${++visits}`);
  const { headers, body } = await ask('/dwyl/octocat/hello.svg');
  expect(headers.get('Cache-Control')).toBe(CACHING);
  expect(body).toContain('#4c1');
  expect(await total(REPO)).toBe(visits + 1);
});

test('shields.io gets JSON by the ending or by Accept', async () => {
  const { json, total } = begin();
  const expected = { schemaVersion: 1, label: 'hits', style: 'flat', color: 'lightgrey' };
  let visits = 0;
  for (const [path, headers, differs] of [
    ['octocat/hello.json', SHIELDS, {}],
    ['octocat/hello.json', BROWSER, {}],
    ['octocat/hello.json?color=blue', SHIELDS, { color: 'blue' }],
    [
      'octocat/hello.json?color=ff9900&style=flat-square',
      SHIELDS,
      { color: 'ff9900', style: 'flat-square' },
    ],
    ['octocat/hello.json?show=unique', SHIELDS, {}],
    // Addresses that people pass to shields.io without the ending, or with the wrong one.
    ['octocat/hello', SHIELDS, {}],
    ['octocat/hello.svg?style=flat&show=unique?color=brightgreen', SHIELDS, {}],
    ['octocat/octocat/hello.svg', { Accept: 'text/html, application/json' }, {}],
  ] as const) {
    expect(await json(path, headers)).toEqual({ ...expected, message: `${++visits}`, ...differs });
  }
  expect(await total(REPO)).toBe(visits);
});

test('the page counts and shows its number', async () => {
  const { ask, total } = begin();
  for (const [index, path] of ['octocat/hello', 'octocat/hello.html', 'octocat/hello'].entries()) {
    const { status, headers, body } = await ask(`/dwyl/${path}`, BROWSER);
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(headers.get('Cache-Control')).toBe(CACHING);
    expect(body).toContain('<h1>octocat/hello</h1>');
    expect(body).toContain(`hits: ${index + 1}`);
  }
  expect(await total(REPO)).toBe(3);
});

test('names are told apart by case, and what follows .svg in a name is cut', async () => {
  const { words, total, store } = begin();
  await words('Octocat/hello.svg');
  await words('octocat/Hello_World.js.svg');
  await words('octocat/hello.svg.old.svg');
  expect(await total('dwyl/Octocat..hello')).toBe(1);
  expect(await total('dwyl/octocat..Hello_World.js')).toBe(1);
  expect(await total(REPO)).toBe(1);
  expect(await store.registry.size()).toBe(3);
});

test('every visit counts, but no HEAD and no prefetch', async () => {
  const { ask, total, store } = begin();
  for (const path of ['octocat/hello.svg', 'octocat/hello.json', 'octocat/hello']) {
    const { status, body } = await ask(`/dwyl/${path}`, {}, 'HEAD');
    expect({ path, status, body }).toEqual({ path, status: 200, body: '' });
    const refused = await ask(`/dwyl/${path}`, { 'Sec-Purpose': 'prefetch' });
    expect(refused.headers.get('X-Seen-Error')).toBe('prefetch-refused');
  }
  expect(await store.registry.size()).toBe(0);
  // There, a request without a user agent fails.
  await ask('/dwyl/octocat/hello.svg');
  await ask('/dwyl/octocat/hello.svg');
  await ask('/dwyl/octocat/hello.svg', { Cookie: 'seen_own_visits=out' });
  expect(await total(REPO)).toBe(2);
});

test('large numbers have plain digits, and extra is added to what is shown', async () => {
  const { words, json, ask, total, start } = begin();
  await start(REPO, 12_344);
  expect(await words('octocat/hello.svg')).toBe('hits: 12345');
  expect(await words('octocat/hello.svg?extra=1000')).toBe('hits: 13346');
  expect((await json('octocat/hello.json?extra=1000'))['message']).toBe('13347');
  expect((await ask('/dwyl/octocat/hello?extra=1000')).body).toContain('hits: 13348');
  expect(await total(REPO)).toBe(12_348);
});

describe('mistakes', () => {
  const WRONG = [
    '-octocat/hello',
    'octo--cat/hello',
    'octo_cat/hello',
    '%7Busername%7D/%7Bproject%7D',
    'octocat/hel%2Flo',
    'octocat/hello%7B%7D!!',
    'octocat/h%C3%A9llo',
  ];

  test('in a name or style are told by a red badge with status 404, and do not count', async () => {
    const { words, ask, store } = begin();
    for (const path of WRONG) expect(await words(`${path}.svg`, 404)).toBe('hits: invalid url');
    for (const style of ['', 'round', 'FLAT', 'flatSquare', 'toString'])
      expect(await words(`octocat/hello.svg?style=${style}`, 404)).toBe('hits: invalid url');
    expect(await words('octocat/.svg', 404)).toBe('hits: invalid url');
    expect((await ask('/dwyl/-octocat/hello.svg')).body).toContain('#e05d44');
    expect(await store.registry.size()).toBe(0);
  });

  test('are told shields.io by JSON', async () => {
    const { json, store } = begin();
    const message = { schemaVersion: 1, label: 'hits', message: 'invalid url' };
    for (const path of WRONG) {
      expect(await json(`${path}.json`)).toEqual(message);
      expect(await json(path)).toEqual(message);
    }
    expect(await json('octocat/hello.json?style=round')).toEqual(message);
    expect(await store.registry.size()).toBe(0);
  });

  test('lead people to a page that explains them', async () => {
    const { ask, store } = begin();
    for (const path of [...WRONG, 'octocat/hello?style=round']) {
      const { status, headers, body } = await ask(`/dwyl/${path}`, BROWSER);
      expect({ path, status, body }).toEqual({ path, status: 302, body: '' });
      const to = headers.get('Location') ?? '';
      expect(to).toStartWith('/dwyl/error/');
      const page = await ask(to, BROWSER);
      expect(page.status).toBe(200);
      expect(page.body).toContain('may have letters, digits, and single hyphens');
    }
    expect((await ask('/dwyl/%7Ba%7D/b', BROWSER)).headers.get('Location')).toBe(
      '/dwyl/error/%7Ba%7D/b',
    );
    expect(await store.registry.size()).toBe(0);
  });

  test('in the number of parts do not count', async () => {
    const { words, ask, store } = begin();
    expect(await words('test/octocat/hello', 404)).toBe('hits: 404');
    for (const path of ['', 'hello.svg', 'a/b/octocat/hello.svg']) {
      const { headers, body } = await ask(`/dwyl/${path}`);
      expect(headers.get('X-Seen-Error')).toBe('route-missing');
      expect(body).toContain('no such picture');
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('of Seen itself are pictures, or JSON, as everywhere', async () => {
    const { ask } = begin({ requestsPerMinute: 1 });
    await ask('/dwyl/octocat/hello.svg');
    const picture = await ask('/dwyl/octocat/hello.svg');
    expect(picture.headers.get('X-Seen-Error')).toBe('rate-limited');
    expect(picture.body).toContain('too many requests');
    const { status, body } = await ask('/dwyl/octocat/hello.json');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ schemaVersion: 1, message: 'too many requests' });
    const accepted = await ask('/dwyl/octocat/hello', SHIELDS);
    expect(accepted.headers.get('Content-Type')).toBe('application/json');
    expect(JSON.parse(accepted.body)).toMatchObject({
      schemaVersion: 1,
      message: 'too many requests',
      isError: true,
    });
  });
});

test('a private counter is not shown, and a closed Seen creates none', async () => {
  const { words, json, ask, start, store } = begin();
  await start(REPO, 41);
  await store.registry.change(REPO, { rules: { private: true } });
  expect(await words('octocat/hello.svg?extra=5')).toBe('hits: private');
  expect((await json('octocat/hello.json?extra=5'))['message']).toBe('private');
  expect((await ask('/dwyl/octocat/hello')).body).toContain('hits: private');
  const closed = begin({ closed: true });
  for (const path of ['octocat/hello.svg', 'octocat/hello.json', 'octocat/hello']) {
    const { headers, body } = await closed.ask(`/dwyl/${path}`);
    expect(headers.get('X-Seen-Error')).toBe('counter-missing');
    expect(body).toContain('no such counter');
  }
  expect(await closed.store.registry.size()).toBe(0);
});

test('markup in a parameter or name stays text', async () => {
  const { ask, json, bugs } = begin();
  const evil = '"><script>alert(1)</script>';
  const encoded = encodeURIComponent(evil);
  for (const query of ['color', 'style', 'show', 'label']) {
    const { body } = await ask(`/dwyl/octocat/hello.svg?${query}=${encoded}`);
    expect(elementsOf(body).map(({ name }) => name)).not.toContain('script');
  }
  expect((await json(`octocat/hello.json?color=${encoded}`))['color']).toBe(evil);
  const long = await json(`octocat/hello.json?color=${'x'.repeat(1000)}`);
  expect(long['color']).toBe('x'.repeat(100));
  for (const path of [`error/${encoded}/${encoded}`, `error/octocat/${encoded}.svg`]) {
    const { status, body } = await ask(`/dwyl/${path}`);
    expect(status).toBe(200);
    expect(body).not.toContain('<script');
    expect(body).toContain('&#60;script&#62;');
  }
  expect(bugs).toEqual([]);
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'hits.example.com': 'dwyl' } });
  const own = { Host: 'hits.example.com' };
  expect((await ask('/octocat/hello.svg', own)).body).toContain('hits: 1');
  expect((await ask('/octocat/octocat/hello.svg', own)).body).toContain('hits: 2');
  expect(JSON.parse((await ask('/octocat/hello.json', own)).body).message).toBe('3');
  expect((await ask('/-a/b', own)).headers.get('Location')).toBe('/error/-a/b');
  expect((await ask('/error/-a/b', own)).body).toContain('“-a”');
});
