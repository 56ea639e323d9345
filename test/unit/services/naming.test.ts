/** Names of counters for addresses and users. */
import { describe, expect, test } from 'bun:test';
import { COUNTER_NAME } from '../../../src/counter/name.ts';
import { counterOfAddress, counterOfUser, isReserved } from '../../../src/services/naming.ts';

describe('the counter of an address', () => {
  test('can be read: the host, and the path with .. in the place of slashes', () => {
    for (const [host, path, name] of [
      ['github.com', '/octocat/hello', 'github.com/octocat..hello'],
      ['github.com', 'octocat/hello', 'github.com/octocat..hello'],
      ['GitHub.com', '/Octocat', 'github.com/Octocat'],
      ['example.com', '/about/', 'example.com/about..'],
      ['example.com', '/', 'example.com/...'],
      ['example.com', '', 'example.com/...'],
    ] as const) {
      expect({ host, path, name: counterOfAddress(host, path) }).toEqual({ host, path, name });
    }
  });

  test('has a hash where its name would not be valid', () => {
    for (const [host, path, name] of [
      ['localhost:3000', '/a/b', /^localhost-3000-[0-9a-f]{16}\/a\.\.b$/],
      ['example.com', '/über uns', /^example\.com\/-ber-uns-[0-9a-f]{16}$/],
      ['example.com', '/a', /^example\.com\/a-[0-9a-f]{16}$/],
      ['example.com', `/${'x'.repeat(300)}`, /^example\.com\/x{47}-[0-9a-f]{16}$/],
      [`${'sub.'.repeat(20)}example.com`, '/', /^(sub\.){11}sub-[0-9a-f]{16}\/\.\.\.$/],
    ] as const) {
      const counter = counterOfAddress(host, path);
      expect({ host, path, counter }).toMatchObject({ counter: expect.stringMatching(name) });
    }
  });

  test('is valid for any text, and differs from that of any other address', () => {
    const parts = [
      '',
      '/',
      '//',
      '.',
      '..',
      '...',
      '....',
      '-',
      '_',
      'a',
      'ab',
      'abc',
      '\0',
      '你好',
      '\ud800',
      '%2F',
      '?',
    ];
    const paths = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => a + b + c)));
    const seen = new Map<string, string>();
    for (const path of new Set(paths.map((text) => text.replace(/^\//, '')))) {
      const counter = counterOfAddress('example.com', `/${path}`);
      expect({ path, counter, valid: COUNTER_NAME.test(counter) }).toMatchObject({ valid: true });
      expect({ path, same: seen.get(counter) }).toEqual({ path, same: undefined });
      seen.set(counter, path);
    }
    expect(seen.size).toBeGreaterThan(2000);
  });
});

test('a text that is the part with a hash of another text has a counter of its own', () => {
  const [, hashed = ''] = counterOfUser('komarev', 'ab').split('/');
  expect(counterOfUser('komarev', hashed)).not.toBe(counterOfUser('komarev', 'ab'));
});

test('the counter of a user is in the namespace of the service', () => {
  expect(counterOfUser('komarev', 'octocat')).toBe('komarev/octocat');
  expect(counterOfUser('komarev', 'ab')).toMatch(/^komarev\/ab-[0-9a-f]{16}$/);
});

describe('a name is reserved', () => {
  test('if it is that of a user or an id', () => {
    for (const user of ['octocat', 'a', 'octocat/hello', 'über'])
      for (const service of ['dwyl', 'komarev', 'moe-counter', 'visitor-badge'] as const)
        expect(isReserved(counterOfUser(service, user))).toBe(true);
    for (const name of ['hits', 'komarevs/octocat', 'my-komarev/octocat', 'octocat/komarev'])
      expect({ name, reserved: isReserved(name) }).toEqual({ name, reserved: false });
  });

  test('if it is that of a page, except directly under its host', () => {
    const cut = `${'a'.repeat(52)}.example.com`;
    for (const host of [
      'example.com',
      'a.b',
      'Sub.Example.com:8080',
      cut,
      `${'a.'.repeat(40)}com`,
    ]) {
      for (const path of ['', 'a', 'a/b', 'posts/hello/', 'über', '...', 'x'.repeat(65), 'a..b']) {
        const name = counterOfAddress(host, path);
        expect({ name, reserved: isReserved(name) }).toEqual({ name, reserved: true });
      }
    }
    for (const name of ['example.com/about', 'example.com/a.b.c', 'example.com/index.html'])
      expect({ name, reserved: isReserved(name) }).toEqual({ name, reserved: false });
  });

  test('only under a host: with a dot inside, and no capital letters', () => {
    for (const host of ['localhost', '...', '.com', 'com.', 'Example.com', 'my-site'])
      expect({ host, reserved: isReserved(`${host}/posts..hello`) }).toEqual({
        host,
        reserved: false,
      });
  });
});
