/** Names of counters for counterapi.dev: of its calls, and of old URLs. */
import { expect, test } from 'bun:test';
import { COUNTER_NAME } from '../../../src/counter/name.ts';
import { counterapiCounter, counterInCounterapiUrl } from '../../../src/services/counterapi.ts';

test('a valid namespace and name are the counter’s name, others get a hash', () => {
  for (const [namespace, name, counter] of [
    ['my-site', 'visits', 'my-site/visits'],
    ['My.Site', 'VISITS', 'My.Site/VISITS'],
    ['a..b', '...', 'a..b/...'],
  ] as const)
    expect(counterapiCounter(namespace, name)).toBe(counter);
  for (const [namespace, name, counter] of [
    ['my-site', 'hi', /^my-site\/hi-[0-9a-f]{16}$/],
    ['ns', 'visits', /^ns-[0-9a-f]{16}\/visits$/],
    ['my site', 'über', /^my-site-[0-9a-f]{16}\/-ber-[0-9a-f]{16}$/],
    ['my-site', 'x'.repeat(65), /^my-site\/x{47}-[0-9a-f]{16}$/],
    ['x'.repeat(2000), '\ud800"<>', /^x{47}-[0-9a-f]{16}\/--[0-9a-f]{16}$/],
  ] as const) {
    const made = counterapiCounter(namespace, name) ?? '';
    expect(made).toMatch(counter);
    expect(made).toMatch(COUNTER_NAME);
  }
});

test('names that differ have different counters', () => {
  const parts = [
    'a',
    'ab',
    'A',
    'abc',
    'ab c',
    'ab-c',
    'ab_c',
    '..',
    '...',
    'é',
    'e\u0301',
    '%20',
  ];
  const pairs = parts.flatMap((namespace) => parts.map((name) => [namespace, name] as const));
  const counters = pairs.map(([namespace, name]) => counterapiCounter(namespace, name));
  expect(new Set(counters).size).toBe(pairs.length);
});

test('an empty name or one with a slash names no counter', () => {
  for (const [namespace, name] of [
    ['', 'visits'],
    ['my-site', ''],
    ['my/site', 'visits'],
    ['my-site', 'a/b'],
  ] as const)
    expect(counterapiCounter(namespace, name)).toBeUndefined();
});

test('an old URL names its counter, whatever it calls', () => {
  for (const path of [
    '/v1/my-site/visits',
    '/v1/my-site/visits/',
    '/v1/my-site/visits/up',
    '/v1/my-site/visits/down?a=b',
    '/v1/my-site/visits/set?count=7',
    '/v1/my-site/visits/list?group_by=day',
    '/v2/my-site/visits',
    '/v2/my-site/visits/stats#x',
    '/v2/my%2Dsite/visits/up',
  ])
    expect({ path, counter: counterInCounterapiUrl(urlOf(path)) }).toEqual({
      path,
      counter: 'my-site/visits',
    });
  expect(counterInCounterapiUrl(urlOf('/v2/my-team-12/erste%20Seite/up'))).toMatch(
    /^my-team-12\/erste-Seite-[0-9a-f]{16}$/,
  );
  for (const path of [
    '/',
    '/v1/',
    '/v1/my-site',
    '/v1/my-site/',
    '/v1//visits/up',
    '/v3/my-site/visits',
    '/my-site/visits/up',
    '/v1/my-site/a%2Fb',
    '/v1/my-site/%ff',
  ])
    expect({ path, counter: counterInCounterapiUrl(urlOf(path)) }).toEqual({
      path,
      counter: undefined,
    });
});

function urlOf(path: string): URL {
  return new URL(`https://api.counterapi.dev${path}`);
}
