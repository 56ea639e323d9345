/** Who may create the counters that URLs of other services name. */
import { describe, expect, test } from 'bun:test';
import { countersOf } from '../../../../src/services/busuanzi.ts';
import { readOldUrl } from '../../../../src/services/old-urls.ts';
import { SERVICES } from '../../../../src/services/services.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';

/** A URL of each service that names counters itself. */
const URLS = [
  'https://seen.test/busuanzi/api/v2/log?url=https://example.com/posts/hello',
  'https://seen.test/dwyl/octocat/hello.svg',
  'https://seen.test/hits-sh/github.com/octocat/hello.svg',
  'https://seen.test/komarev/ghpvc/?username=octocat&count=yes',
  'https://seen.test/moe-counter/@octocat',
  'https://seen.test/seeyoufarm/api/count/incr/badge.svg?url=https://github.com/octocat/hi',
  'https://seen.test/visitor-badge/badge?page_id=octocat.hello',
];
/** The services whose users name the counters. */
const FREE = ['abacus', 'countapi', 'counterapi'];
const named = (url: string) => (readOldUrl(url) as { readonly counter: string }).counter;
const PAGE = countersOf(new URL('https://example.com/'));
const RESERVED = [...URLS.map(named), PAGE.page, PAGE.site, PAGE.visitors];

/** The ways to create a counter with a request. */
const WAYS = [
  ['POST', '/api/v1/counters', 201],
  ['GET', '/countapi/create/NAME', 200],
  ['GET', '/abacus/create/NAME/', 201],
  ['POST', '/abacus/create/NAME/', 201],
] as const;

function begin(options: Parameters<typeof setUp>[0] = {}) {
  const app = setUp(options);
  const create = async (name: string, [method, path]: (typeof WAYS)[number], token?: string) => {
    const { status, body } = await app.ask(
      path.replace('NAME', name),
      {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      method,
      path.startsWith('/api') ? JSON.stringify({ name, private: true }) : undefined,
    );
    return { name, status, json: JSON.parse(body) };
  };
  return { ...app, create };
}

describe('the counter of a URL of another service', () => {
  test('is known here for every service', () => {
    const known = URLS.map((url) => new URL(url).pathname.split('/')[1] ?? '');
    expect([...known, ...FREE].toSorted()).toEqual([...SERVICES]);
  });

  test('cannot be created by a stranger, with or without a token', async () => {
    const { create, store } = begin();
    for (const name of RESERVED) {
      for (const way of WAYS) {
        for (const token of [undefined, 'guessed']) {
          const { status, json } = await create(name, way, token);
          expect({ name, way, status }).toEqual({ name, way, status: 403 });
          expect(json.detail ?? json.error).toContain('Choose another name, or send');
          if (way[1].startsWith('/api')) expect(json.code).toBe('name-reserved');
        }
      }
    }
    expect(await store.registry.size()).toBe(0);
  });

  test('is created by the installation’s owner', async () => {
    for (const way of WAYS) {
      const { create, store } = begin();
      for (const name of RESERVED) {
        const { status } = await create(name, way, INSTALLATION);
        expect({ name, way, status }).toEqual({ name, way, status: way[2] });
      }
      expect(await store.registry.size()).toBe(RESERVED.length);
    }
  });

  test('is created by its first visit, and then belongs to nobody', async () => {
    const { ask, store } = begin();
    for (const url of URLS) {
      const { pathname, search } = new URL(url);
      const isLog = pathname.endsWith('/log');
      const { status } = await ask(
        pathname + search,
        {},
        isLog ? 'POST' : 'GET',
        isLog ? '{"url":"https://example.com/posts/hello"}' : undefined,
      );
      expect({ url, status }).toEqual({ url, status: 200 });
      const found = await store.registry.describe(named(url));
      expect(found).toMatchObject({ total: 1, owner: undefined, rules: { private: false } });
    }
  });

  test('takes nothing from the limit when it is refused', async () => {
    const { create } = begin({ newCountersPerDay: 1 });
    for (const way of WAYS) expect((await create('komarev/octocat', way)).status).toBe(403);
    expect((await create('my-site/page', WAYS[0])).status).toBe(201);
    expect((await create('my-site/other', WAYS[0])).status).toBe(429);
  });
});

test('names that only look like those are free', async () => {
  for (const way of WAYS) {
    const { create } = begin();
    for (const name of [
      'komarev-fans/octocat',
      'my-komarev/octocat',
      'Komarev/octocat',
      'seeyoufarm/octocat',
      'hits-sh/octo..hello',
      'busuanzi/...site',
      'default/visits',
      // As CountAPI and Abacus advise, and their clients do.
      'mysite.com/visits',
      'example.com/about',
      'my-bot.lock/d2026-11-25-ab12',
      'my-site.com/0b4e2c1a-9c1e-4a7b-8f57-0123456789ab',
      '.../...',
      'my-site/posts..hello',
      'my-site/build-0123456789abcdef',
      'Example.com/posts..hello',
    ]) {
      const { status } = await create(name, way);
      expect({ name, way, status }).toEqual({ name, way, status: way[2] });
    }
  }
});
