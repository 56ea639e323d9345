/**
 * hits.seeyoufarm.com: the requests that READMEs and pages send, what counts, what a badge and the
 * chart show, and mistakes.
 */
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../../src/counter/errors.ts';
import { EMBEDDING_POLICY, IMAGE_POLICY } from '../../../../src/images/badge.ts';
import { type Logo, logoUrl } from '../../../../src/images/logo.ts';
import { findLogo } from '../../../../src/images/logo-files.ts';
import { counterInSeeyoufarmUrl, seeyoufarmPage } from '../../../../src/services/seeyoufarm.ts';
import { setUp } from '../../../support/app.ts';
import { elementsOf, imagesOf, wordsOf } from '../../../support/svg.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 24 * 3600_000;
const INCR = '/seeyoufarm/api/count/incr/badge.svg';
const KEEP = '/seeyoufarm/api/count/keep/badge.svg';
const GRAPH = '/seeyoufarm/api/count/graph/dailyhits.svg';
/** What the generator of the site wrote behind the address, in its order. */
const GENERATED =
  'count_bg=%2379C83D&title_bg=%23555555&icon=&icon_color=%23E7E7E7&title=hits&edge_flat=false';
const HELLO = 'url=https%3A%2F%2Fgithub.com%2Foctocat%2Fhello';

function begin(options: Parameters<typeof setUp>[0] = {}) {
  let now = NOW;
  const app = setUp({ now: () => now, ...options });
  return {
    ...app,
    later: (ms: number) => {
      now += ms;
    },
    /** The words of a picture, as people who do not see it hear them. */
    words: async (path: string, headers: Record<string, string> = {}) => {
      const { status, body } = await app.ask(path, headers);
      expect({ path, status }).toEqual({ path, status: 200 });
      return wordsOf(body);
    },
    total: async (name: string) => (await app.store.registry.describe(name))?.total,
    start: (name: string, value: number) =>
      app.store.registry.create(name, { total: value, madeAt: 0, owner: '' }),
  };
}

test('the badges in READMEs count and show today’s and all visits', async () => {
  const { ask, words, total } = begin();
  for (const [query, title] of [
    [`${HELLO}&${GENERATED}`, 'hits'],
    ['url=https://github.com/octocat/hello', 'hits'],
    ['url=github.com/octocat/hello', 'hits'],
    [`${HELLO}&icon=github.svg&icon_color=%23E7E7E7&title=VIEW&edge_flat=false`, 'VIEW'],
    [`${HELLO}&title=Daily+hits&edge_flat=true`, 'Daily hits'],
    ['url=HTTPS://GitHub.com:443/octocat/hello?a=1%23x', 'hits'],
  ] as const) {
    const before = (await total('github.com/octocat..hello')) ?? 0;
    expect(await words(`${INCR}?${query}`)).toBe(`${title}: ${before + 1} / ${before + 1}`);
  }
  const { headers, body } = await ask(`${INCR}?${HELLO}`);
  expect({
    type: headers.get('Content-Type'),
    cache: headers.get('Cache-Control'),
    pragma: headers.get('Pragma'),
    expires: headers.get('Expires'),
    cookie: headers.get('Set-Cookie'),
  }).toEqual({
    type: 'image/svg+xml',
    cache: 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    expires: '0',
    cookie: null,
  });
  // What programs look for in the picture.
  expect(/([0-9]+) \/ ([0-9]+)/.exec(body)?.slice(1)).toEqual(['7', '7']);
  expect(body).toContain('> 7 / 7 <');
});

test('“today” ends with the day in UTC, and keep never counts', async () => {
  const { words, total, start, later } = begin();
  const keep = () => words(`${KEEP}?${HELLO}&title=Usage%3A+Today+%2F+All-time&edge_flat=false`);
  expect(await keep()).toBe('Usage: Today / All-time: 0 / 0');
  expect(await total('github.com/octocat..hello')).toBeUndefined();
  await start('github.com/octocat..hello', 1200);
  for (let n = 0; n < 3; n++) await words(`${INCR}?${HELLO}`);
  expect(await keep()).toBe('Usage: Today / All-time: 3 / 1203');
  later(DAY);
  expect(await keep()).toBe('Usage: Today / All-time: 0 / 1203');
  expect(await words(`${INCR}?${HELLO}`)).toBe('hits: 1 / 1204');
  expect(await words(`${INCR}?${HELLO}&extra=100`)).toBe('hits: 2 / 1305');
  expect(await total('github.com/octocat..hello')).toBe(1205);
});

test('HEAD, prefetches and own visits do not count', async () => {
  const { ask, words, total } = begin();
  await words(`${INCR}?${HELLO}`);
  expect((await ask(`${INCR}?${HELLO}`, {}, 'HEAD')).status).toBe(200);
  expect(await words(`${INCR}?${HELLO}`, { 'Sec-Purpose': 'prefetch' })).toBe(
    'visits: not counted',
  );
  expect(await words(`${INCR}?${HELLO}`, { Cookie: 'seen_own_visits=out' })).toBe('hits: 1 / 1');
  expect(await total('github.com/octocat..hello')).toBe(1);
});

test('every spelling of an address is the counter of its host and path', async () => {
  for (const [address, counter] of [
    ['https://github.com/octocat/hello', 'github.com/octocat..hello'],
    ['http://github.com/octocat/hello', 'github.com/octocat..hello'],
    ['//github.com/octocat/hello', 'github.com/octocat..hello'],
    ['HTTPS://GitHub.com:443/octocat/hello/?a=1#x', 'github.com/octocat..hello..'],
    ['https://github.com/Octocat/hello', 'github.com/Octocat..hello'],
    ['https://www.example.com', 'www.example.com/...'],
    ['https://www.example.com/', 'www.example.com/...'],
    ['localhost:3000/page', 'localhost/page'],
    ['a-lab.example', 'a-lab.example/...'],
    ['example.com/move?to=https://example.org', 'example.com/move'],
  ] as const)
    expect({ address, counter: seeyoufarmPage(address)?.counter }).toEqual({ address, counter });
  const korean = seeyoufarmPage('https://example.com/%ED%95%9C%EA%B8%80');
  expect(korean?.address).toBe('example.com/한글');
  expect(korean).toEqual(seeyoufarmPage('https://example.com/한글'));
  // Not UTF-8.
  expect(seeyoufarmPage('https://example.com/%C7%D1')?.address).toBe('example.com/%C7%D1');
});

test('old URLs name their counter', () => {
  const named = (path: string) => counterInSeeyoufarmUrl(new URL(`https://hits.example${path}`));
  for (const path of ['incr/badge.svg', 'keep/badge.svg', 'graph/dailyhits.svg'])
    expect(named(`/api/count/${path}?${HELLO}`)).toBe('github.com/octocat..hello');
  for (const path of [
    `/api/count/graph/badge.svg?${HELLO}`,
    `/icon/go.svg?${HELLO}`,
    '/api/count/incr/badge.svg',
    '/api/count/incr/badge.svg?url=',
  ])
    expect({ path, name: named(path) }).toEqual({ path, name: undefined });
});

describe('the look of a badge', () => {
  test('has colours and edges of its URL, and defaults for what is blank', async () => {
    const { ask } = begin();
    const drawn = async (query: string) => {
      const { body } = await ask(`${KEEP}?${HELLO}&${query}`);
      const fills = elementsOf(body)
        .filter(({ name, attributes }) => name === 'rect' && attributes['fill']?.startsWith('#'))
        .map(({ attributes }) => attributes['fill']);
      return { fills, round: body.includes('rx="3"') };
    };
    const plain = { fills: ['#555', '#79c83d'], round: true };
    for (const query of [
      '',
      'title_bg=&count_bg=&edge_flat=',
      'title_bg=%20&count_bg=%20',
      'title_bg=no-colour&count_bg=constructor&edge_flat=yes',
    ])
      expect({ query, ...(await drawn(query)) }).toEqual({ query, ...plain });
    expect(await drawn('title_bg=%23555555&count_bg=%2379C83D')).toEqual({
      fills: ['#555555', '#79c83d'],
      round: true,
    });
    // CSS' colours, not those of shields.io.
    expect((await drawn('title_bg=red&count_bg=4D9BC1')).fills).toEqual(['#ff0000', '#4d9bc1']);
    for (const flat of ['1', 't', 'T', 'TRUE', 'true', 'True'])
      expect({ flat, ...(await drawn(`edge_flat=${flat}`)) }).toEqual({
        flat,
        ...plain,
        round: false,
      });
  });

  test('has the default title for a blank one', async () => {
    const { ask, words } = begin();
    expect(await words(`${KEEP}?${HELLO}&title=`)).toBe('hits: 0 / 0');
    expect(await words(`${KEEP}?${HELLO}&title=%20%09`)).toBe('hits: 0 / 0');
    const long = await ask(`${KEEP}?${HELLO}&title=${'x'.repeat(1500)}`);
    expect(long.body).not.toContain('x'.repeat(201));
  });

  test('has an icon in its colour, or in black', async () => {
    const { ask } = begin();
    const github = (await findLogo('github')) as Logo;
    for (const [query, colour] of [
      ['icon=github.svg&icon_color=%23E7E7E7', '#e7e7e7'],
      ['icon=GitHub.svg&icon_color=red', '#ff0000'],
      ['icon=github&icon_color=%2300ADD8', '#00add8'],
      ['icon=github.svg', '#000'],
      ['icon=github.svg&icon_color=', '#000'],
      ['icon=github.svg&icon_color=constructor', '#000'],
    ] as const) {
      const { headers, body } = await ask(`${KEEP}?${HELLO}&${query}`);
      expect({ query, images: imagesOf(body) }).toEqual({
        query,
        images: [logoUrl(github, false, colour)],
      });
      expect(headers.get('Content-Security-Policy')).toBe(EMBEDDING_POLICY);
      // What programs look for in the picture.
      expect(body).toContain('> 0 / 0 <');
    }
  });

  test('has no icon for an unknown or hostile name, and the visit counts once', async () => {
    const { ask, total, bugs } = begin();
    let visits = 0;
    for (const icon of [
      'github.svg',
      '',
      '.svg',
      'nosuchicon.svg',
      'github.svg.svg',
      '../paths.txt',
      'constructor.svg',
      'data:image/svg+xml,<svg onload="alert(1)"/>',
      'github\0.svg',
      'g'.repeat(1500),
    ]) {
      const query = `${HELLO}&icon=${encodeURIComponent(icon)}&icon_color=%23E7E7E7`;
      const { status, headers, body } = await ask(`${INCR}?${query}`);
      visits++;
      expect({
        icon,
        status,
        error: headers.get('X-Seen-Error'),
        total: await total('github.com/octocat..hello'),
      }).toEqual({ icon, status: 200, error: null, total: visits });
      if (icon === 'github.svg') continue;
      const plain = await ask(`${KEEP}?${HELLO}`);
      expect({ icon, body }).toEqual({ icon, body: plain.body });
    }
    const generated = await ask(`${INCR}?${HELLO}&${GENERATED}`);
    expect(generated.headers.get('Content-Security-Policy')).toBe(IMAGE_POLICY);
    expect(bugs).toEqual([]);
  });
});

describe('the chart', () => {
  test('shows the visits of the last 60 days, and never counts', async () => {
    const { ask, words, later, total } = begin();
    expect(await words(`${GRAPH}?url=https://github.com/octocat/hello&date=20241109`)).toBe(
      'github.com/octocat/hello: 0 visits in 60 days',
    );
    expect(await total('github.com/octocat..hello')).toBeUndefined();
    await words(`${INCR}?${HELLO}`);
    later(59 * DAY);
    for (let n = 0; n < 2; n++) await words(`${INCR}?${HELLO}`);
    const { headers, body } = await ask(`${GRAPH}?${HELLO}&title=other`);
    expect(headers.get('Content-Type')).toBe('image/svg+xml');
    expect(headers.get('Cache-Control')).toBe('no-cache, no-store, must-revalidate');
    expect(body).toContain('aria-label="github.com/octocat/hello: 3 visits in 60 days"');
    const bars = [...body.matchAll(/<rect class="bar"[^>]*><title>([^<]*)</g)].map(
      ([, said]) => said,
    );
    expect(bars).toHaveLength(60);
    expect([bars[0], bars[1], bars.at(-1)]).toEqual(['Nov 22: 1', 'Nov 23: 0', 'Jan 20: 2']);
    later(DAY);
    expect(await words(`${GRAPH}?${HELLO}`)).toBe('github.com/octocat/hello: 2 visits in 60 days');
    expect(await total('github.com/octocat..hello')).toBe(3);
  });

  test('has a title that fits', async () => {
    const { words } = begin();
    const said = await words(`${GRAPH}?url=https://example.com/${'x'.repeat(500)}`);
    expect(said).toBe(`example.com/${'x'.repeat(37)}…: 0 visits in 60 days`);
  });
});

test('an address that is missing or wrong is a mistake with status 400, and does not count', async () => {
  const { ask, store } = begin();
  for (const path of [INCR, KEEP, GRAPH]) {
    for (const query of [
      '',
      'url=',
      'url=%20',
      'url=https%3A%2F%2F',
      'url=ftp%3A%2F%2Fexample.com%2Fa',
      'url=javascript%3A%2F%2Fexample.com%2Fa',
      'url=https%3A%2F%2Fa%20b%2F',
      'url=https%3A%2F%2Fexample.com%3A99999%2F',
    ]) {
      const { status, headers, body } = await ask(`${path}?${query}`);
      expect({ path, query, status, error: headers.get('X-Seen-Error') }).toEqual({
        path,
        query,
        status: 400,
        error: 'request-invalid',
      });
      // A picture, where one is shown.
      expect(headers.get('Content-Type')).toBe('image/svg+xml');
      expect(headers.get('Cache-Control')).toContain('no-store');
      expect(body).toContain('aria-label="visits: invalid request"');
      expect((await ask(`${path}?${query}`, {}, 'HEAD')).status).toBe(400);
    }
  }
  expect((await ask(`/seeyoufarm/api/count/graph/badge.svg?${HELLO}`)).status).toBe(404);
  expect(await store.registry.size()).toBe(0);
});

test('a private counter is not shown, and a closed Seen creates none', async () => {
  const { words, start, store, total } = begin();
  await start('github.com/octocat..hello', 41);
  await store.registry.change('github.com/octocat..hello', { rules: { private: true } });
  expect(await words(`${INCR}?${HELLO}`)).toBe('hits: private');
  expect(await words(`${KEEP}?${HELLO}&extra=1`)).toBe('hits: private');
  expect(await words(`${GRAPH}?${HELLO}`)).toBe('visits: no such counter');
  expect(await total('github.com/octocat..hello')).toBe(42);
  const closed = begin({ closed: true });
  expect(await closed.words(`${INCR}?${HELLO}`)).toBe('visits: no such counter');
  expect(await closed.words(`${KEEP}?${HELLO}`)).toBe('hits: 0 / 0');
  expect(await closed.store.registry.size()).toBe(0);
});

test('markup in a title, colour or address stays text', async () => {
  const { ask } = begin();
  const evil = encodeURIComponent('"><script>alert(1)</script>');
  for (const path of [
    ...['title', 'title_bg', 'count_bg', 'edge_flat', 'icon', 'icon_color', 'label'].flatMap(
      (name) => [INCR, KEEP, GRAPH].map((picture) => `${picture}?${HELLO}&${name}=${evil}`),
    ),
    ...[INCR, KEEP, GRAPH].map((picture) => `${picture}?url=https://example.com/${evil}`),
    ...[INCR, KEEP, GRAPH].map((picture) => `${picture}?url=https://${evil}&label=${evil}`),
  ]) {
    const { headers, body } = await ask(path);
    expect(elementsOf(body).map(({ name }) => name)).not.toContain('script');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  }
  const { body } = await ask(`${GRAPH}?url=https://example.com/${evil}`);
  expect(elementsOf(body).find(({ name }) => name === 'title')?.text).toBe(
    'example.com/"><script>alert(1)</script>: 1 visit in 60 days',
  );
});

test('on a host of its own the path begins at the root', async () => {
  const { ask } = begin({ hosts: { 'hits.example.com': 'seeyoufarm' } });
  const at = (path: string) => ask(path, { Host: 'hits.example.com' });
  expect((await at(`/api/count/incr/badge.svg?${HELLO}&${GENERATED}`)).body).toContain(
    'hits: 1 / 1',
  );
  expect((await at(`/api/count/graph/dailyhits.svg?${HELLO}`)).body).toContain('1 visit in');
});

test('a counted visit is shown, also when today’s number cannot be read', async () => {
  const { ask, store } = setUp();
  store.history.read = () =>
    Promise.reject(new AppError('store-unavailable', 'The store does not answer.'));
  const { status, body } = await ask(
    '/seeyoufarm/api/count/incr/badge.svg?url=https://example.com/',
  );
  expect({ status, words: wordsOf(body) }).toEqual({
    status: 200,
    words: 'hits: 1',
  });
});
