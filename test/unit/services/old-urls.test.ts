/** Old URLs, as they stand in READMEs and pages, and the counters that they name here. */
import { describe, expect, test } from 'bun:test';
import { readOldUrl } from '../../../src/services/old-urls.ts';
import { SERVICES } from '../../../src/services/services.ts';
import { setUp } from '../../support/app.ts';

/** One URL of each call that names a counter, with the headers that it needs to be counted. */
const URLS: readonly (readonly [service: string, url: string, counter: string])[] = [
  ['komarev', 'https://komarev.com/ghpvc/?username=Octocat&color=0e75b6', 'komarev/octocat'],
  [
    'seeyoufarm',
    'https://hits.seeyoufarm.com/api/count/incr/badge.svg?url=https%3A%2F%2Fgithub.com%2Foctocat%2Fhello&title=hits',
    'github.com/octocat..hello',
  ],
  [
    'seeyoufarm',
    'https://hits.seeyoufarm.com/api/count/keep/badge.svg?url=https://example.com/',
    'example.com/...',
  ],
  [
    'visitor-badge',
    'https://visitor-badge.laobi.icu/badge?page_id=octocat.hello',
    'visitor-badge/octocat.hello',
  ],
  [
    'visitor-badge',
    'https://visitor-badge.glitch.me/badge?page_id=octocat/hello',
    'visitor-badge/octocat..hello',
  ],
  [
    'busuanzi',
    'https://events.vercount.one/api/v2/log?url=https://example.com/about',
    'example.com/about',
  ],
  ['counterapi', 'https://api.counterapi.dev/v1/my-site/visits/up', 'my-site/visits'],
  [
    'counterapi',
    'https://api.counterapi.dev/v2/my-team-1234/first-1234/up',
    'my-team-1234/first-1234',
  ],
  [
    'hits-sh',
    'https://hits.sh/github.com/octocat/hello.svg?style=flat',
    'github.com/octocat..hello',
  ],
  ['dwyl', 'https://hits.dwyl.com/octocat/hello.svg', 'dwyl/octocat..hello'],
  ['dwyl', 'http://hits.dwyl.io/octocat/hello.svg', 'dwyl/octocat..hello'],
  ['moe-counter', 'https://count.getloli.com/get/@octocat?theme=rule34', 'moe-counter/octocat'],
  [
    'countapi',
    'https://api.countapi.xyz/hit/my-site.com/visits?callback=show',
    'my-site.com/visits',
  ],
  ['countapi', 'https://api.countapi.xyz/get/visits', 'default/visits'],
  ['abacus', 'https://abacus.jasoncameron.dev/hit/my-site/visits', 'my-site/visits'],
  ['abacus', 'https://abacus.jasoncameron.dev/get/my-site/visits/shield', 'my-site/visits'],
];

describe('an old URL', () => {
  test('names a counter, on the service’s host and on that of any Seen', () => {
    for (const [service, url, counter] of URLS) {
      const here = new URL(url);
      const moved = `https://seen.example.com/${service}${here.pathname}${here.search}`;
      expect({ url, ...readOldUrl(url) }).toEqual({ url, counter });
      expect({ moved, ...readOldUrl(moved) }).toEqual({ moved, counter });
    }
    expect(new Set(URLS.map(([service]) => service))).toEqual(new Set(SERVICES));
  });

  test('names the counter that the call counts on', async () => {
    for (const [service, url, counter] of URLS) {
      const { ask, store } = setUp();
      const { pathname, search } = new URL(url);
      const asked = service === 'busuanzi' ? 'POST' : 'GET';
      const { status } = await ask(
        `/${service}${pathname.replace('/keep/', '/incr/').replace('/get/my-site', '/hit/my-site').replace('/get/visits', '/hit/visits')}${search}`,
        { 'User-Agent': 'github-camo (x)', 'Content-Type': 'application/json' },
        asked,
        asked === 'POST' ? '{"url":"https://example.com/about"}' : undefined,
      );
      const found = await store.registry.describe(counter);
      expect({ url, status, total: found?.total }).toEqual({ url, status: 200, total: 1 });
    }
  });

  test('without a counter says which service it is of', () => {
    expect(readOldUrl('https://komarev.com/')).toEqual({ service: 'komarev' });
    expect(readOldUrl('https://api.countapi.xyz/hit/a/b')).toEqual({ service: 'countapi' });
    expect(readOldUrl('https://count.getloli.com/@demo')).toEqual({ service: 'moe-counter' });
  });

  test('of no service is none', () => {
    for (const url of [
      'https://example.com/',
      'https://example.com/toString/x',
      'ftp://hits.sh/a.b.svg',
      'my-site/page',
      'https://',
    ])
      expect({ url, found: readOldUrl(url) }).toEqual({ url, found: undefined });
  });
});
