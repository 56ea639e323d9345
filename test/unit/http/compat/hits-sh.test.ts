/** hits.sh: the requests of READMEs and scripts, what counts, what a badge shows, and mistakes. */
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../../src/counter/errors.ts';
import { EMBEDDING_POLICY, IMAGE_POLICY } from '../../../../src/images/badge.ts';
import { type Logo, logoUrl } from '../../../../src/images/logo.ts';
import { findLogo } from '../../../../src/images/logo-files.ts';
import { setUp } from '../../../support/app.ts';
import { elementsOf, imagesOf, wordsOf } from '../../../support/svg.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const REPO = 'github.com/octocat..hello';

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const words = async (path: string, status = 200, headers: Record<string, string> = {}) => {
    const response = await app.ask(`/hits-sh/${path}`, headers);
    expect({ path, status: response.status }).toEqual({ path, status });
    expect(response.headers.get('Content-Type')).toBe('image/svg+xml;charset=UTF-8');
    return wordsOf(response.body);
  };
  const total = async (name: string) => (await app.store.registry.describe(name))?.total;
  const start = (name: string, value: number) =>
    app.store.registry.create(name, { total: value, madeAt: 0, owner: '' });
  return { ...app, words, total, start };
}

test('the badges in READMEs count and show their number', async () => {
  const { words, total, ask } = begin();
  for (const [path, label, name] of [
    ['github.com/octocat/hello.svg', 'hits', REPO],
    [
      'github.com/octocat/hello.svg?style=for-the-badge&label=Views&extraCount=0&color=ff3f6f',
      'VIEWS',
      REPO,
    ],
    ['github.com/octocat/hello.svg?label=Visits&color=100b75', 'Visits', REPO],
    [
      'github.com/octocat/hello.svg?style=flat-square&label=Total%20Visits&color=79c83d',
      'Total Visits',
      REPO,
    ],
    ['octocat.github.io.svg?view=total', 'hits', 'octocat.github.io/...'],
    ['octocat.github.io/garden.svg?style=plastic', 'hits', 'octocat.github.io/garden'],
    [
      'github.com/octocat/hello/blob/main/FILE.md.svg?style=plastic',
      'hits',
      'github.com/octocat..hello..blob..main..FILE.md',
    ],
    // A counter of its own.
    ['github.com/octocat/hello/hits.svg', 'hits', 'github.com/octocat..hello..hits'],
    ['www.example.com/Page.svg', 'hits', 'www.example.com/Page'],
    ['github.com/octocat/hello.svg?logo=github&logoWidth=14&link=https://a.b', 'hits', REPO],
  ] as const) {
    const before = (await total(name)) ?? 0;
    expect(await words(path)).toBe(`${label}: ${before + 1}`);
  }
  expect(await total(REPO)).toBe(5);
  const { headers, body } = await ask('/hits-sh/github.com/octocat/hello.svg');
  expect(headers.get('Cache-Control')).toBe('no-cache, no-store, must-revalidate');
  expect(headers.get('Expires')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
  expect(body).toContain('#4c1');
  expect(body).toContain('#555');
});

test('colours may be names, digits or functions, and others have their default', async () => {
  const { ask } = begin();
  for (const [query, drawn] of [
    ['color=0e75b6&labelColor=007ec6', ['#0e75b6', '#007ec6']],
    ['color=%23ff3f6f', ['#ff3f6f', '#555']],
    ['color=orange', ['#fe7d37', '#555']],
    ['color=Inactive&labelColor=success', ['#9f9f9f', '#44cc11']],
    ['color=rebeccapurple', ['#663399', '#555']],
    ['color=rgb(0,128,0)&labelColor=9cf', ['#008000', '#9cf']],
    ['color=toString&labelColor=nonsense', ['#4c1', '#555']],
  ] as const) {
    const { body } = await ask(`/hits-sh/github.com/octocat/hello.svg?${query}`);
    for (const colour of drawn)
      expect({ query, body }).toEqual({ query, body: hasColour(colour) });
  }
});

function hasColour(colour: string) {
  return expect.stringContaining(`fill="${colour}"`) as string;
}

test('a logo is drawn in the colours of shields.io', async () => {
  const { ask } = begin();
  const github = (await findLogo('github')) as Logo;
  const javascript = (await findLogo('javascript')) as Logo;
  for (const [query, drawn] of [
    ['logo=github', logoUrl(github, false)],
    ['logo=Github&style=for-the-badge', logoUrl(github, false)],
    ['logo=javascript&style=social', logoUrl(javascript, true)],
    // hits.sh has no such parameter.
    ['logo=javascript&logoColor=red', logoUrl(javascript, false)],
  ] as const) {
    for (const ending of ['svg', 'preview']) {
      const { headers, body } = await ask(`/hits-sh/example.com.${ending}?${query}`);
      expect({ query, images: imagesOf(body) }).toEqual({ query, images: [drawn] });
      expect(headers.get('Content-Security-Policy')).toBe(EMBEDDING_POLICY);
    }
  }
  const plain = await ask('/hits-sh/example.com.svg?logo=');
  expect(plain.headers.get('Content-Security-Policy')).toBe(IMAGE_POLICY);
});

test('an unknown or hostile logo is ignored, and the visit counts once', async () => {
  const { ask, total, bugs } = begin();
  const badge = '/hits-sh/github.com/octocat/hello.';
  let visits = 0;
  for (const logo of [
    'github',
    '',
    'nosuchlogo',
    'github.svg',
    '../paths.txt',
    'constructor',
    'data:image/png;base64,AAAA',
    'data:image/svg+xml,<svg onload="alert(1)"/>',
    'github\0',
    'g'.repeat(1500),
  ]) {
    const query = `logo=${encodeURIComponent(logo)}`;
    const { status, headers } = await ask(`${badge}svg?${query}`);
    visits++;
    expect({
      logo,
      status,
      error: headers.get('X-Seen-Error'),
      total: await total(REPO),
    }).toEqual({ logo, status: 200, error: null, total: visits });
    if (logo === 'github') continue;
    const { body } = await ask(`${badge}preview?${query}`);
    const plain = await ask(`${badge}preview`);
    expect({ logo, body }).toEqual({ logo, body: plain.body });
  }
  expect(bugs).toEqual([]);
});

test('a view of today has today’s visits (UTC) in front of the total', async () => {
  let now = Date.UTC(2026, 10, 22, 12);
  const { words, start } = begin({ now: () => now });
  await start(REPO, 1230);
  const path = 'github.com/octocat/hello.svg?view=today-total&label=Repo%20Today/Total%20Views';
  expect(await words(path)).toBe('Repo Today/Total Views: 1 / 1,231');
  now += DAY_MS;
  expect(await words(path)).toBe('Repo Today/Total Views: 1 / 1,232');
  expect(await words(`${path}&extraCount=1000000`)).toBe('Repo Today/Total Views: 2 / 1,001,233');
  expect(await words('github.com/octocat/hello.svg?view=TODAY-TOTAL')).toBe('hits: 3 / 1,234');
  expect(await words('github.com/octocat/hello.svg?view=today')).toBe('hits: 1,235');
});

test('the extra count is added to what is shown', async () => {
  const { words, total } = begin();
  expect(await words('github.com/octocat/hello.svg?extraCount=7500')).toBe('hits: 7,501');
  expect(await words('github.com/octocat/hello.svg?extraCount=-1')).toBe('hits: 1');
  expect(await words('github.com/octocat/hello.svg?extraCount=')).toBe('hits: 3');
  expect(await words('github.com/octocat/hello.svg?extra=10&extraCount=100')).toBe('hits: 114');
  expect(await total(REPO)).toBe(4);
});

test('every visit counts, but no HEAD, prefetch, preview or page', async () => {
  const { words, total, ask, store } = begin();
  const badge = '/hits-sh/github.com/octocat/hello.svg';
  const { status, body, headers } = await ask(badge, {}, 'HEAD');
  expect({ status, body }).toEqual({ status: 200, body: '' });
  expect(headers.get('Content-Type')).toBe('image/svg+xml;charset=UTF-8');
  const prefetch = await ask(badge, { 'Sec-Purpose': 'prefetch' });
  expect(prefetch.headers.get('X-Seen-Error')).toBe('prefetch-refused');
  const preview = 'github.com/octocat/hello.preview';
  expect(await words(preview)).toBe('hits: 1');
  expect(await words(`${preview}?view=today-total&extraCount=999&label=Views`)).toBe(
    'Views: 1 / 1,000',
  );
  const page = await ask('/hits-sh/github.com/octocat/hello/');
  expect(page.body).toContain('0 hits');
  expect((await ask('/hits-sh/api/urns/github.com/octocat/hello')).status).toBe(404);
  expect(await store.registry.size()).toBe(0);
  await words('github.com/octocat/hello.svg', 200, { 'User-Agent': 'Googlebot/2.1' });
  await words('github.com/octocat/hello.svg', 200, { Cookie: 'seen_own_visits=out' });
  expect(await total(REPO)).toBe(1);
});

describe('an address that is not clean', () => {
  test('is redirected, without the query and without counting', async () => {
    const { ask, store } = begin();
    for (const [path, to] of [
      [
        'https://github.com/octocat/hello.svg?style=plastic',
        '/hits-sh/github.com/octocat/hello.svg',
      ],
      ['http:/example.com.svg', '/hits-sh/example.com.svg'],
      ['/github.com/octocat.svg', '/hits-sh/github.com/octocat.svg'],
      ['github.com%5Coctocat.svg', '/hits-sh/github.com/octocat.svg'],
      ['example.com/.svg', '/hits-sh/example.com.svg'],
      ['example.com/page%3F.svg', '/hits-sh/example.com/page.svg'],
      ['example.com/page%23top.svg', '/hits-sh/example.com/page.svg'],
      ['example.com/a%20b%2F.svg', '/hits-sh/example.com/a%20b.svg'],
      ['https://example.com/%C3%BCber.preview', '/hits-sh/example.com/%C3%BCber.preview'],
      ['https://example.com/a/', '/hits-sh/example.com/a/'],
      // One redirect, however many schemes there are.
      ['a:/b:/https://example.com/a/', '/hits-sh/example.com/a/'],
      ['api/urns/github.com/octocat/hello/', '/hits-sh/api/urns/github.com/octocat/hello'],
      ['api/urns/https%3A%2F%2Fexample.com', '/hits-sh/api/urns/example.com'],
    ] as const) {
      const { status, headers, body } = await ask(`/hits-sh/${path}`);
      expect({ path, status, to: headers.get('Location'), body }).toEqual({
        path,
        status: 301,
        to,
        body: '',
      });
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('leads to a clean one, and never to another host or path', async () => {
    const { ask } = begin({ hosts: { 'hits.example.com': 'hits-sh' } });
    const own = { Host: 'hits.example.com' };
    for (const [path, status, to] of [
      ['//evil.example/x.svg', 301, '/evil.example/x.svg'],
      ['/%5C%5Cevil.example/x.svg', 301, '/evil.example/x.svg'],
      ['/https://..%2F..%2Fhit/my-site/page.svg', 400, null],
      ['/a.b%2F..%2F..%2Fc.svg', 400, null],
    ] as const) {
      const { headers, status: got } = await ask(path, own);
      expect({ path, status: got, to: headers.get('Location') }).toEqual({ path, status, to });
    }
  });
});

test('an encoded query or text in other alphabets is part of the address', async () => {
  const { words, store } = begin();
  for (const path of [
    'example.com/page%3Fid=1.svg',
    'example.com/page%3Fid=2.svg',
    'example.com/%E4%BD%A0%E5%A5%BD.svg',
    'example.com/100%25.svg',
    'example.com/%zz.svg',
    'example.com//double.svg',
    'example.com/double.svg',
  ]) {
    expect(await words(path)).toBe('hits: 1');
    expect(await words(path)).toBe('hits: 2');
  }
  expect(await store.registry.size()).toBe(7);
});

describe('mistakes', () => {
  test('are told by a grey badge with the status of an error, and do not count', async () => {
    const { words, ask, store } = begin();
    for (const [path, status, message] of [
      ['localhost/page.svg', 400, 'hits: Not a valid URI'],
      ['.svg', 400, 'hits: Not a valid URI'],
      ['localhost.preview', 400, 'hits: Not a valid URI'],
      ['localhost/', 400, 'hits: Not a valid URI'],
      [`example.com/${'x'.repeat(239)}.svg`, 414, 'hits: URI Too Long'],
      ['github.com/octocat/hello.svg?extraCount=many', 400, 'hits: Bad Request'],
      ['github.com/octocat/hello.svg?extraCount=1.5', 400, 'hits: Bad Request'],
      ['github.com/octocat/hello.preview?extraCount=1e3', 400, 'hits: Bad Request'],
      ['github.com/octocat/hello', 404, '404: Not Found'],
      ['github.com/octocat/hello.json', 404, '404: Not Found'],
      ['', 404, '404: Not Found'],
    ] as const) {
      expect({ path, said: await words(path, status) }).toEqual({ path, said: message });
    }
    expect(await store.registry.size()).toBe(0);
    expect((await ask('/hits-sh/localhost.svg', {}, 'HEAD')).status).toBe(400);
    expect(await words(`example.com/${'x'.repeat(238)}.svg`)).toBe('hits: 1');
  });

  test('of Seen itself are pictures as everywhere', async () => {
    const { ask } = begin({ requestsPerMinute: 1 });
    await ask('/hits-sh/example.com.svg');
    const { status, headers, body } = await ask('/hits-sh/example.com.svg');
    expect(status).toBe(200);
    expect(headers.get('X-Seen-Error')).toBe('rate-limited');
    expect(body).toContain('too many requests');
    expect((await ask('/hits-sh/api/urns/example.com')).status).toBe(429);
    const long = await begin().ask(`/hits-sh/example.com.svg?label=${'x'.repeat(2048)}`);
    expect(long.headers.get('X-Seen-Error')).toBe('url-too-long');
  });
});

describe('the statistics', () => {
  test('have the total, the last month and week, and the days of each year', async () => {
    let now = Date.UTC(2025, 11, 30, 12);
    const { ask, words, start } = begin({ now: () => now });
    await start(REPO, 100);
    const days = [
      [Date.UTC(2025, 11, 30), 1],
      [Date.UTC(2026, 0, 1), 2],
      [Date.UTC(2026, 1, 28), 3],
      [Date.UTC(2026, 2, 1), 4],
      [Date.UTC(2026, 2, 24), 5],
      [Date.UTC(2026, 2, 25), 6],
      [Date.UTC(2026, 2, 31), 7],
    ] as const;
    for (const [day, visits] of days) {
      now = day + DAY_MS / 2;
      for (let visit = 0; visit < visits; visit++)
        await words('github.com/octocat/hello.svg?extraCount=5');
    }
    const { status, headers, body } = await ask('/hits-sh/api/urns/github.com/octocat/hello');
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe('application/json;charset=UTF-8');
    expect(JSON.parse(body)).toEqual({
      total: 128,
      // After 28 February, the last day of the month before.
      monthly: 22,
      // After 24 March.
      weekly: 13,
      items: [
        { from: '2025-12-30', to: '2025-12-30', data: [{ value: 1, day: '2025-12-30' }] },
        {
          from: '2026-01-01',
          to: '2026-03-31',
          data: [
            { value: 7, day: '2026-03-31' },
            { value: 6, day: '2026-03-25' },
            { value: 5, day: '2026-03-24' },
            { value: 4, day: '2026-03-01' },
            { value: 3, day: '2026-02-28' },
            { value: 2, day: '2026-01-01' },
          ],
        },
      ],
    });
    expect((await ask('/hits-sh/api/urns/github.com%2Foctocat%2Fhello')).body).toBe(body);
    expect((await ask('/hits-sh/api/urns/github.com/octocat/hello')).body).toBe(body);
  });

  test('of a counter without history are empty', async () => {
    const { ask, start } = begin();
    await start(REPO, 7);
    const { body } = await ask('/hits-sh/api/urns/github.com/octocat/hello');
    expect(JSON.parse(body)).toEqual({ total: 7, monthly: 0, weekly: 0, items: [] });
  });

  test('tell mistakes by the status alone', async () => {
    const { ask } = begin();
    for (const [path, status] of [
      ['localhost', 400],
      ['', 400],
      [`example.com/${'x'.repeat(239)}`, 414],
      ['example.com/missing', 404],
    ] as const) {
      const { status: got, body } = await ask(`/hits-sh/api/urns/${path}`);
      expect({ path, status: got, body }).toEqual({ path, status, body: '' });
    }
  });
});

test('the page shows the total and today’s visits', async () => {
  const { ask, words, start } = begin();
  await start(REPO, 1233);
  await words('github.com/octocat/hello.svg');
  const { status, headers, body } = await ask('/hits-sh/github.com/octocat/hello/');
  expect(status).toBe(200);
  expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  expect(body).toContain('<h1>github.com/octocat/hello</h1>');
  expect(body).toContain('1,234 hits, 1 hit today (UTC)');
});

test('a private counter is not shown, and a closed Seen creates none', async () => {
  const { words, start, store, ask } = begin();
  await start(REPO, 41);
  await store.registry.change(REPO, { rules: { private: true } });
  expect(await words('github.com/octocat/hello.svg')).toBe('hits: private');
  expect(await words('github.com/octocat/hello.svg?view=today-total&extraCount=5')).toBe(
    'hits: private',
  );
  const page = await ask('/hits-sh/github.com/octocat/hello/');
  expect(page.body).toContain('is private');
  const statistics = await ask('/hits-sh/api/urns/github.com/octocat/hello');
  expect(statistics).toMatchObject({ status: 404, body: '' });
  const closed = begin({ closed: true });
  const { headers, body } = await closed.ask('/hits-sh/github.com/octocat/hello.svg');
  expect(headers.get('X-Seen-Error')).toBe('counter-missing');
  expect(body).toContain('no such counter');
  expect(await closed.store.registry.size()).toBe(0);
});

test('markup in a parameter or address stays text', async () => {
  const { ask, bugs } = begin();
  const evil = encodeURIComponent('"><script>alert(1)</script>');
  for (const query of ['label', 'color', 'labelColor', 'style', 'view', 'logo', 'link']) {
    const { body } = await ask(`/hits-sh/example.com.svg?${query}=${evil}`);
    expect(elementsOf(body).map(({ name }) => name)).not.toContain('script');
  }
  const logo = encodeURIComponent('data:image/svg+xml,<svg onload="alert(1)"/>');
  expect((await ask(`/hits-sh/example.com.svg?logo=${logo}`)).body).not.toContain('data:');
  const page = await ask(`/hits-sh/example.com/${evil}/`);
  expect(page.status).toBe(200);
  expect(page.body).not.toContain('<script');
  expect(bugs).toEqual([]);
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'hits.example.com': 'hits-sh' } });
  const own = { Host: 'hits.example.com' };
  expect((await ask('/github.com/octocat/hello.svg', own)).body).toContain('hits: 1');
  expect(JSON.parse((await ask('/api/urns/github.com/octocat/hello', own)).body).total).toBe(1);
  expect((await ask('/github.com/octocat/hello/', own)).body).toContain('1 hit, 1 hit today');
  for (const [path, to] of [
    ['/https://github.com/octocat/hello.svg', '/github.com/octocat/hello.svg'],
    ['/api/urns/example.com/', '/api/urns/example.com'],
  ] as const)
    expect((await ask(path, own)).headers.get('Location')).toBe(to);
});

test('a counted visit is shown, also when today’s number cannot be read', async () => {
  const { ask, store } = setUp();
  store.history.read = () =>
    Promise.reject(new AppError('store-unavailable', 'The store does not answer.'));
  const { status, body } = await ask('/hits-sh/github.com/octocat/hello.svg?view=today-total');
  expect({ status, words: wordsOf(body) }).toEqual({
    status: 200,
    words: 'hits: 1',
  });
});
